/** A line of the trace file: who, on which CPU, when (`at` in ns), and the event as the kernel prints it. */
export function traceLine(at: number, text: string): string {
  const seconds = Math.floor(at / 1e9);
  const micros = Math.floor((at % 1e9) / 1e3);
  const time = `${seconds}.${String(micros).padStart(6, '0')}`;
  return `      khugepaged-38      [000] ..... ${time.padStart(12)}: ${text}\n`;
}
