import fc from 'fast-check';
import { expect, test } from 'vitest';
import { countPages } from '../../../src/core/memory/occupancy.ts';
import { passesOver } from '../../../src/core/plan/passes.ts';
import { policyOf, rangeOf } from '../../support/ranges.ts';
import '../../support/seed.ts';

test('passes over a range end, and are those over small pages where folios are unknown', () => {
  const present = fc.uniqueArray(fc.nat({ max: 511 }), { minLength: 1, maxLength: 300 });
  fc.assert(
    fc.property(present, fc.constantFrom(0, 3, 200, 511), (pages, maxPtesNone) => {
      const policy = policyOf({ orders: '2-9', maxPtesNone });
      const residents = (folioOrders: Uint8Array | undefined) => {
        const counts: number[] = [];
        for (const state of passesOver({ ...rangeOf({ present: pages.join() }), folioOrders }, policy)) {
          counts.push(countPages(state.facts.present));
          if (counts.length > 512) break;
        }
        return counts;
      };
      const known = residents(new Uint8Array(512));
      expect(residents(undefined)).toEqual(known);
      expect(known.length).toBeLessThanOrEqual(8);
    }),
    { numRuns: 50 },
  );
});
