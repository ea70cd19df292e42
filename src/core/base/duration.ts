const UNITS = { ns: 1, us: 1e3, ms: 1e6, s: 1e9, m: 60e9, h: 3600e9, d: 86_400e9 } as const;

/**
 * Reads "250ms", "10s", "1.5h", "2h 5m"; nanoseconds, or undefined when the text is no duration with units.
 */
export function parseDuration(text: string): number | undefined {
  let ns = 0;
  for (const part of text.trim().split(/\s+/)) {
    const match = /^(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d)$/.exec(part);
    if (!match) return undefined;
    ns += Number(match[1]) * UNITS[match[2] as keyof typeof UNITS];
  }
  return Math.round(ns);
}

/** Nanoseconds as people read them: "350ns", "12.3us", "4.5ms", "52.3s", "1m 20s", "11h 22m", "3d 4h". */
export function formatDuration(ns: number): string {
  for (const [unit, next] of [
    ['ns', 'us'],
    ['us', 'ms'],
    ['ms', 's'],
  ] as const) {
    if (Math.round(ns) < UNITS[next]) return `${threeDigits(ns / UNITS[unit])}${unit}`;
  }
  if (ns < UNITS.m) return `${threeDigits(ns / UNITS.s)}s`;
  for (const [unit, part, next] of [
    ['m', 's', 'h'],
    ['h', 'm', 'd'],
    ['d', 'h', undefined],
  ] as const) {
    const parts = Math.round(ns / UNITS[part]);
    if (next !== undefined && parts * UNITS[part] >= UNITS[next]) continue;
    const perUnit = UNITS[unit] / UNITS[part];
    const rest = parts % perUnit;
    return `${Math.floor(parts / perUnit)}${unit}${rest === 0 ? '' : ` ${rest}${part}`}`;
  }
  throw new Error(`${ns} ns is no duration`);
}

function threeDigits(value: number): string {
  const digits = Number.isInteger(value) || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits).replace(/\.0+$|(\.\d*[1-9])0+$/, '$1');
}
