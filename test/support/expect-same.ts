import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';

/**
 * Expects two values to be the same, for tests that compare millions: vitest is asked, and `words` are made,
 * only where they differ.
 */
export function expectSame(actual: unknown, expected: unknown, words: () => string): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual, words()).toEqual(expected);
}
