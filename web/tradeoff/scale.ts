/** Where values of an axis stand, from 0 to 1, and back. */
export interface Scale {
  readonly most: number;
  at(value: number): number;
  value(at: number): number;
  /** Round values for labels, ascending. */
  readonly ticks: readonly number[];
}

/** Evenly spaced from 0 to `most`. */
export function linearScale(most: number): Scale {
  const end = most > 0 ? most : 1;
  return {
    most: end,
    at: (value) => value / end,
    value: (at) => at * end,
    ticks: evenTicks(end),
  };
}

/**
 * A logarithm with a place for 0: values well below `small` are evenly spaced, those above by their
 * logarithm. For growth, where many policies have none and others differ by magnitudes.
 */
export function logScale(most: number, small: number): Scale {
  const end = Math.max(most, small * 10);
  const whole = Math.asinh(end / small);
  const ticks = [0];
  for (let power = Math.floor(Math.log10(small)); 10 ** power <= end; power++)
    for (const digit of [1, 3]) {
      const tick = rounded(digit * 10 ** power);
      if (tick >= small && tick <= end) ticks.push(tick);
    }
  return {
    most: end,
    at: (value) => Math.asinh(value / small) / whole,
    value: (at) => Math.sinh(at * whole) * small,
    ticks,
  };
}

function evenTicks(end: number): number[] {
  const rough = end / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough) ?? rough;
  return Array.from({ length: Math.floor(end / step + 1e-9) + 1 }, (_, i) => rounded(i * step));
}

/** Without what floating point adds: 0.3, not 0.30000000000000004. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
