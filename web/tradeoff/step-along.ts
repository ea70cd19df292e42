/** Points that Page Up and Page Down pass over. */
const PAGE = 10;

/** The place that a key leads to on a list of so many; undefined for keys that lead nowhere. */
export function stepAlong(key: string, at: number | undefined, count: number): number | undefined {
  const steps: Record<string, number> = {
    ArrowRight: 1,
    ArrowUp: 1,
    ArrowLeft: -1,
    ArrowDown: -1,
    PageUp: PAGE,
    PageDown: -PAGE,
    Home: -Infinity,
    End: Infinity,
  };
  if (count === 0 || !(key in steps)) return undefined;
  return Math.min(count - 1, Math.max(0, (at ?? 0) + steps[key]));
}
