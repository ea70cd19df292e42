import { expect, test } from 'vitest';
import { planRange } from '../../../src/core/plan/plan.ts';
import { reachesSearch } from '../../../src/verify/cases/search-case.ts';
import { shapesOf, spacesToCompare } from '../../../src/verify/cases/small-cases.ts';
import { policyOf, rangeOf } from '../../support/ranges.ts';
import { ptesOf } from '../../support/verify/ptes-of.ts';

const [everything] = spacesToCompare();

test('shapes come with the fewest PTEs first, and none twice', () => {
  const seen = new Set<string>();
  let before = 0;
  for (const shape of shapesOf(everything)) {
    expect(ptesOf(shape)).toBeGreaterThanOrEqual(before);
    before = ptesOf(shape);
    const { range, orders, maxPtesNone } = shape;
    seen.add([range.occupied[0], range.unmapped, range.uffdArmed, orders, maxPtesNone].join());
  }
  expect(before).toBe(8);
  let shapes = 0;
  for (const _ of shapesOf(everything)) shapes++;
  expect(seen.size).toBe(shapes);
});

test('they are the shapes that the scan lets through', () => {
  for (let bits = 0; bits < 256; bits++) {
    for (const [orders, maxPtesNone] of [
      ['2,3', 0],
      ['3', 0],
      ['3', 3],
      ['3', 7],
    ] as const) {
      for (const uffdArmed of [false, true]) {
        const pages = Array.from({ length: 8 }, (_, page) => page).filter((page) => (bits >> page) % 2 === 1);
        for (const swap of [pages.length < 8 ? 1 : 0, 0]) {
          const free = [0, 1, 2, 3, 4, 5, 6, 7].filter((page) => !pages.includes(page)).slice(0, swap);
          const range = rangeOf({ pmdOrder: 3, present: pages.join(), swap: free.join(), uffdArmed });
          const policy = { ...policyOf({ pmdOrder: 3, orders, maxPtesNone }), maxPtesSwap: 7 };
          const { scan } = planRange(range, policy);
          const shape = {
            range: { geometry: range.geometry, occupied: range.facts.present, unmapped: swap, uffdArmed },
            orders: policy.orders,
            maxPtesNone,
          };
          expect(reachesSearch(shape, pages.length)).toBe(scan.result === 'SCAN_SUCCEED');
        }
      }
    }
  }
});
