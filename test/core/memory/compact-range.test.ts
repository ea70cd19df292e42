import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compactRange, rangeKey } from '../../../src/core/memory/compact-range.ts';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { emptyOccupancy } from '../../../src/core/memory/occupancy.ts';
import { PAGE_FACTS, type RangeState } from '../../../src/core/memory/range-state.ts';
import { rangeText } from '../../../src/core/memory/range-text.ts';
import { ranges } from '../../analysis/arbitraries.ts';
import '../../support/seed.ts';

const geometry = geometryOfPmdOrder(6);
const text = (range: RangeState) => JSON.stringify(rangeText(range));

test('a compact range is the same, in memory of its own', () => {
  fc.assert(
    fc.property(ranges(geometry), (range) => {
      const compact = compactRange(range);
      expect(rangeText(compact)).toEqual(rangeText(range));
      expect(rangeKey(compactRange(compact))).toBe(rangeKey(compact));
      for (const fact of PAGE_FACTS) range.facts[fact]?.fill(0);
      range.folioOrders?.fill(0);
      expect(rangeKey(compactRange(compact))).toBe(rangeKey(compact));
    }),
  );
});

test('ranges have one key if and only if they are written alike', () => {
  const few = fc.constantFrom(0, 1, 0x10000, 0xffffffff);
  /** Ranges that often differ in one thing alone. */
  const alike = ranges(geometry).chain((range) =>
    fc
      .record({
        fact: fc.constantFrom(...PAGE_FACTS),
        word: few,
        at: fc.nat({ max: 1 }),
        change: fc.nat({ max: 5 }),
      })
      .map(({ fact, word, at, change }): [RangeState, RangeState] => {
        const other = { ...range, facts: { ...range.facts } };
        const changed = (range.facts[fact] ?? emptyOccupancy(geometry)).slice();
        changed[at] = word;
        if (change === 0) other.uffdArmed = !range.uffdArmed;
        else if (change === 1) other.pmdMapped = range.pmdMapped === undefined ? false : undefined;
        else if (change === 2)
          other.folioOrders = range.folioOrders?.map((order, page) =>
            page === word % 64 ? order ^ 2 : order,
          );
        else if (fact !== 'present') other.facts = { ...range.facts, [fact]: changed };
        return [range, other];
      }),
  );
  let same = 0;
  fc.assert(
    fc.property(alike, ([a, b]) => {
      const isSame = text(compactRange(a)) === text(compactRange(b));
      if (isSame) same++;
      expect(rangeKey(compactRange(a)) === rangeKey(compactRange(b))).toBe(isSame);
    }),
    { numRuns: 1000 },
  );
  expect(same).toBeGreaterThan(20);
  expect(same).toBeLessThan(980);
});
