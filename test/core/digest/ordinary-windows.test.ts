import fc from 'fast-check';
import { expect, test } from 'vitest';
import { geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { LruBatch } from '../../../src/core/rules/lru-batch.ts';
import { difference } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { planRange } from '../../../src/core/plan/plan.ts';
import { occupancies } from '../arbitraries.ts';
import { plainRange } from '../../../src/core/memory/range-state.ts';

/** A batch that says it holds a page, so that every window is judged page by page. */
class NeverEmpty extends LruBatch {
  override get isEmpty(): boolean {
    return false;
  }
}

const cases = fc
  .constantFrom(3, 5, 9, 11)
  .map(geometryOfPmdOrder)
  .chain((geometry) => {
    const pages = pagesPerRange(geometry);
    const limit = fc.oneof(fc.constantFrom(0, pages - 1), fc.nat({ max: pages - 1 }));
    const few = fc.oneof(fc.constant(undefined), occupancies(geometry));
    const folio = fc.record({ order: fc.nat({ max: geometry.pmdOrder }), place: fc.nat({ max: pages - 1 }) });
    return fc
      .record({
        present: occupancies(geometry),
        swap: few,
        zero: few,
        shared: few,
        unreferenced: few,
        folios: fc.array(folio, { maxLength: 2 }),
        uffdArmed: fc.boolean(),
        policy: fc.record({
          orders: fc.nat().map((mask) => (mask & anonOrders(geometry)) as OrderSet),
          maxPtesNone: limit,
          maxPtesSwap: limit,
          maxPtesShared: limit,
          caller: fc.constantFrom('khugepaged' as const, 'madvise' as const),
          model: fc.constantFrom(...Object.values(KERNEL_MODELS)),
        }),
      })
      .map(({ present, swap, folios, policy, uffdArmed, ...facts }) => {
        const folioOrders = new Uint8Array(pages);
        for (const { order, place } of folios) {
          const first = place - (place % 2 ** order);
          folioOrders.fill(order, first, first + 2 ** order);
        }
        const plain = plainRange(geometry, present, folioOrders);
        const swapped = swap ? difference(swap, present) : plain.swap;
        return { range: { ...plain, ...facts, swap: swapped, uffdArmed }, policy };
      });
  });

test('windows that are judged at a glance end as they do page by page', () => {
  let collapses = 0;
  fc.assert(
    fc.property(cases, ({ range, policy }) => {
      const plan = planRange(range, policy, { lruBatch: new LruBatch() });
      expect(plan).toEqual(planRange(range, policy, { lruBatch: new NeverEmpty() }));
      collapses += plan.attempts.filter(({ result }) => result === 'SCAN_SUCCEED').length;
    }),
    { numRuns: 1500 },
  );
  expect(collapses).toBeGreaterThan(1000);
});
