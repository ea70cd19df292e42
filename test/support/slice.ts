import { seed } from './seed.ts';

/**
 * Whether exhaustive tests try all of their cases, as in CI, where THPSCOPE_WHOLE=1; else they try slices.
 */
export const WHOLE = process.env.THPSCOPE_WHOLE === '1';

/**
 * A limit for exhaustive tests: far above what they need whole, on a machine with twenty other things to do.
 */
export const EXHAUSTIVE = 900_000;

/**
 * Every `parts`-th number from 0 to `count`, from a start that the seed draws; all of them where the whole is
 * asked for.
 */
export function slice(count: number, parts: number): number[] {
  const step = WHOLE ? 1 : parts;
  const first = seed % step;
  return Array.from({ length: Math.ceil((count - first) / step) }, (_, i) => first + i * step);
}
