import fc from 'fast-check';
import { expect, test } from 'vitest';
import { byteRange } from '../../src/server/byte-range.ts';
import '../support/seed.ts';

test.each([
  ['bytes=0-0', { start: 0, end: 1 }],
  ['bytes=2-4', { start: 2, end: 5 }],
  ['bytes=7-', { start: 7, end: 10 }],
  ['bytes=7-99', { start: 7, end: 10 }],
  ['bytes=-3', { start: 7, end: 10 }],
  ['bytes=-99', { start: 0, end: 10 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  // What is not meant or not known is ignored.
  ['bytes=4-2', undefined],
  ['bytes=-', undefined],
  ['bytes=0-1,3-4', undefined],
  ['rows=0-1', undefined],
  ['', undefined],
  [undefined, undefined],
] as const)('%s of 10 bytes', (header, range) => {
  expect(byteRange(header, 10)).toEqual(range);
});

test('a range is never empty and never beyond the file', () => {
  const bound = fc.oneof(fc.constant(''), fc.maxSafeNat().map(String));
  fc.assert(
    fc.property(bound, bound, fc.nat(), (first, last, size) => {
      const range = byteRange(`bytes=${first}-${last}`, size);
      if (range === undefined || range === 'unsatisfiable') return;
      expect(range.start).toBeGreaterThanOrEqual(0);
      expect(range.end).toBeGreaterThan(range.start);
      expect(range.end).toBeLessThanOrEqual(size);
    }),
  );
});
