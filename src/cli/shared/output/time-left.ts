/**
 * A function that says how long work will still take at the pace so far: ", 12 s left"; nothing while nobody
 * knows.
 */
export function timeLeft(): (done: number, total: number) => string {
  const start = performance.now();
  return (done, total) => {
    if (done === 0 || done >= total) return '';
    const seconds = ((performance.now() - start) / 1000 / done) * (total - done);
    return seconds < 120 ? `, ${Math.ceil(seconds)} s left` : `, ${Math.ceil(seconds / 60)} min left`;
  };
}
