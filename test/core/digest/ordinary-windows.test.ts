import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { difference } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, type OrderSet } from '../../../src/core/memory/order.ts';
import { plainRange, type RangeState } from '../../../src/core/memory/range-state.ts';
import { applyPlan } from '../../../src/core/plan/apply-plan.ts';
import { costOf } from '../../../src/core/plan/cost.ts';
import { planRange } from '../../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { LruBatch } from '../../../src/core/rules/lru-batch.ts';
import type { CollapsePolicy } from '../../../src/core/rules/policy.ts';
import { occupancies } from '../arbitraries.ts';

/** A batch that says it holds a page, so that every window is judged page by page. */
class NeverEmpty extends LruBatch {
  override get isEmpty(): boolean {
    return false;
  }
}

/** Orders of small pages but for up to so many aligned folios, parts of which may not be mapped. */
function folioOrders(geometry: Geometry, most: number): fc.Arbitrary<Uint8Array> {
  const pages = pagesPerRange(geometry);
  const folio = fc.record({ order: fc.nat({ max: geometry.pmdOrder }), place: fc.nat({ max: pages - 1 }) });
  return fc.array(folio, { maxLength: most }).map((folios) => {
    const orders = new Uint8Array(pages);
    for (const { order, place } of folios) {
      const first = place - (place % 2 ** order);
      orders.fill(order, first, first + 2 ** order);
    }
    return orders;
  });
}

const cases = fc
  .constantFrom(3, 5, 9, 11)
  .map(geometryOfPmdOrder)
  .chain((geometry) => {
    const pages = pagesPerRange(geometry);
    const limit = fc.oneof(fc.constantFrom(0, pages - 1), fc.nat({ max: pages - 1 }));
    const few = fc.oneof(fc.constant(undefined), occupancies(geometry));
    return fc
      .record({
        present: occupancies(geometry),
        swap: few,
        zero: few,
        shared: few,
        unreferenced: few,
        folioOrders: fc.option(folioOrders(geometry, 2), { nil: undefined }),
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
      .map(({ present, swap, folioOrders, policy, uffdArmed, ...facts }) => {
        const plain = plainRange(geometry, present, folioOrders);
        const swapped = swap ? difference(swap, present) : plain.facts.swap;
        return { range: { ...plain, uffdArmed, facts: { ...plain.facts, ...facts, swap: swapped } }, policy };
      });
  });

/** A plan that takes no short cut: its walk is observed. */
const walked = (range: RangeState, policy: CollapsePolicy, lruBatch: LruBatch) =>
  planRange(range, policy, { lruBatch, observe: () => {} });

test('ranges and windows that are judged at a glance end as they do page by page', () => {
  let collapses = 0;
  fc.assert(
    fc.property(cases, ({ range, policy }) => {
      const plan = planRange(range, policy, { lruBatch: new LruBatch() });
      expect(plan).toEqual(walked(range, policy, new LruBatch()));
      expect(plan).toEqual(walked(range, policy, new NeverEmpty()));
      collapses += plan.attempts.filter(({ result }) => result === 'SCAN_SUCCEED').length;
      if (plan.swappedInPages > 0) return;
      // What is mapped afterwards is counted where the range held small pages; here it is found PTE by PTE.
      const small = new Uint8Array(pagesPerRange(range.geometry));
      const after = applyPlan({ ...range, folioOrders: range.folioOrders ?? small }, plan);
      expect(costOf(after, undefined).before).toEqual(costOf(range, plan).after);
    }),
    { numRuns: 1500 },
  );
  expect(collapses).toBeGreaterThan(1000);
});

const FACTS = [undefined, undefined, 'zero', 'shared', 'unreferenced', 'swap'] as const;

/** Pages in folios, all of them used recently, as most memory has them; or all but for one fact. */
const ordinaryCases = fc.constantFrom(3, 5, 9, 11, 13).chain((pmdOrder) => {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const last = pagesPerRange(geometry) - 1;
  return fc.record({
    range: fc
      .tuple(
        occupancies(geometry),
        fc.option(folioOrders(geometry, 12), { nil: undefined }),
        fc.constantFrom(...FACTS),
        occupancies(geometry),
      )
      .map(([present, orders, fact, pages]): RangeState => {
        const plain = plainRange(geometry, present, orders);
        if (!fact) return plain;
        const value = fact === 'swap' ? difference(pages, present) : pages;
        return { ...plain, facts: { ...plain.facts, [fact]: value } };
      }),
    policy: fc.record({
      orders: fc.nat().map((mask) => (mask & anonOrders(geometry)) as OrderSet),
      maxPtesNone: fc.oneof(fc.constantFrom(0, last), fc.nat({ max: last })),
      maxPtesSwap: fc.constant(last),
      maxPtesShared: fc.constant(last),
      caller: fc.constant('khugepaged' as const),
      model: fc.constantFrom(...Object.values(KERNEL_MODELS)),
    }),
    waiting: fc.nat({ max: 30 }),
  });
});

test('an ordinary range is planned as it is walked, and leaves the LRU batch alike', () => {
  let collapses = 0;
  let held = 0;
  fc.assert(
    fc.property(ordinaryCases, ({ range, policy, waiting }) => {
      const batches = [new LruBatch(), new LruBatch()];
      for (const batch of batches) for (let page = 0; page < waiting; page++) batch.addSmallPage(page);
      const plan = planRange(range, policy, { lruBatch: batches[0] });
      expect(plan).toEqual(walked(range, policy, batches[1]));
      expect(batches[0]).toEqual(batches[1]);
      // The pages of earlier ranges count towards the 31 that drain a batch.
      for (const batch of batches) for (let page = 0; page < 30; page++) batch.addSmallPage(page);
      expect(batches[0].isEmpty).toBe(batches[1].isEmpty);
      for (const { result } of plan.attempts)
        if (result === 'SCAN_SUCCEED') collapses++;
        else held++;
    }),
    { numRuns: 2000 },
  );
  expect(collapses).toBeGreaterThan(1000);
  expect(held).toBeGreaterThan(1000);
});
