import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../support/seed.ts';
import { type Prediction, predictMemory } from '../../src/analysis/prediction/prediction.ts';
import type { Tally } from '../../src/analysis/ranges/tally.ts';
import type { RunPolicy } from '../../src/analysis/ranges/verdict.ts';
import { type Geometry, geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { NO_ORDERS } from '../../src/core/memory/order.ts';
import { unknownFacts } from '../../src/core/memory/range-state.ts';
import { costOf, type PlanCost } from '../../src/core/plan/cost.ts';
import { type CollapsePlan, planRange } from '../../src/core/plan/plan.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import { coversRange, possibleOrders } from '../../src/core/rules/vma.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { streamOf } from './streams.ts';

const GEOMETRIES = [4, 9, 11, 13].map(geometryOfPmdOrder);

interface Case {
  readonly geometry: Geometry;
  readonly runPolicy: RunPolicy;
  readonly items: MemoryItem[];
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(...GEOMETRIES).chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    runPolicy: runPolicies(geometry),
    items: streams(geometry),
  }),
);

/** A range of the stream with its own plan and cost, made without the analysis. */
interface Planned {
  readonly process: number;
  readonly plan: CollapsePlan | undefined;
  readonly cost: PlanCost;
  readonly unknown: readonly string[];
}

/** Plans each range of anonymous memory on its own. */
function planned({ items, runPolicy, geometry }: Case): Planned[] {
  const { settings, model } = runPolicy;
  const found: Planned[] = [];
  let process = -1;
  let thpDisabled: boolean | undefined = false;
  let vma = undefined as (MemoryItem & { kind: 'vma' })['vma'] | undefined;
  for (const item of items) {
    if (item.kind === 'process') {
      process++;
      thpDisabled = item.process.thpDisabled;
    }
    if (item.kind === 'vma') vma = item.vma;
    if (item.kind !== 'ranges' || !vma?.anonymous) continue;
    const { orders } = possibleOrders(vma, settings, model, geometry, thpDisabled);
    for (const range of item.ranges) {
      const looksAtIt = orders !== NO_ORDERS && coversRange(vma, range.address, geometry);
      const policy = collapsePolicy(orders, settings, model, geometry);
      const plan = looksAtIt ? planRange(range, policy, runPolicy) : undefined;
      const unknown = plan ? unknownFacts(range) : [];
      found.push({ process, plan, cost: costOf(range, plan), unknown });
    }
  }
  return found;
}

function predict({ items, geometry, runPolicy }: Case): Promise<Prediction> {
  return predictMemory(streamOf(items), geometry, runPolicy);
}

const add = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0);

/** Numbers of a tally that are sums over its ranges. */
function expectedNumbers(ranges: readonly Planned[], { pmdOrder }: Geometry) {
  const over = (number: (range: Planned) => number) => add(ranges.map(number));
  const byOrder = (numbers: (range: Planned, order: number) => number) =>
    Array.from({ length: pmdOrder + 1 }, (_, order) => over((range) => numbers(range, order)));
  return {
    ranges: ranges.length,
    scanned: over(({ plan }) => (plan ? 1 : 0)),
    residentPages: over(({ cost }) => add(cost.before.pagesByOrder)),
    attempts: over(({ plan }) => plan?.attempts.length ?? 0),
    collapses: byOrder(
      ({ plan }, order) =>
        plan?.attempts.filter((attempt) => attempt.order === order && attempt.result === 'SCAN_SUCCEED')
          .length ?? 0,
    ),
    coveredPages: over(({ cost }) => cost.coveredPages),
    filledPages: over(({ cost }) => cost.filledPages),
    copiedPages: over(({ cost }) => cost.copiedPages),
    swappedInPages: over(({ cost }) => cost.swappedInPages),
    pagesBefore: byOrder(({ cost }, order) => cost.before.pagesByOrder[order]),
    pagesAfter: byOrder(({ cost }, order) => cost.after.pagesByOrder[order]),
    wholeFoliosBefore: byOrder(({ cost }, order) => cost.before.wholeFolios[order]),
    wholeFoliosAfter: byOrder(({ cost }, order) => cost.after.wholeFolios[order]),
    unknown: new Set(ranges.flatMap(({ unknown }) => unknown)),
  };
}

function talliesOf({ total, processes }: Prediction): Tally[] {
  return [total, ...processes.flatMap(({ tally, vmas }) => [tally, ...vmas.map((vma) => vma.tally)])];
}

test('totals of the machine and of each process are sums over their ranges, planned one by one', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const prediction = await predict(given);
      const ranges = planned(given);
      expect(prediction.total).toMatchObject(expectedNumbers(ranges, given.geometry));
      prediction.processes.forEach(({ tally }, index) => {
        const own = ranges.filter(({ process }) => process === index);
        expect(tally).toMatchObject(expectedNumbers(own, given.geometry));
      });
    }),
  );
});

test('in every tally each range either collapses or is refused, for one reason, with all its pages', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const { total, processes } = await predict(given);
      const check = (tally: Tally, ranges: readonly Planned[]) => {
        const stay = ranges.filter(({ plan }) => plan?.result !== 'SCAN_SUCCEED');
        const refused = [...tally.refused.values()];
        expect(add(refused.map(({ ranges: count }) => count))).toBe(stay.length);
        expect(add(refused.map(({ pages }) => pages))).toBe(
          add(stay.map(({ cost }) => add(cost.before.pagesByOrder))),
        );
      };
      const ranges = planned(given);
      check(total, ranges);
      processes.forEach(({ tally }, index) =>
        check(
          tally,
          ranges.filter(({ process }) => process === index),
        ),
      );
    }),
  );
});

test('the numbers of every tally agree with each other', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      for (const tally of talliesOf(await predict(given))) {
        const { collapses, failedAttempts, attempts, coveredPages, filledPages, copiedPages } = tally;
        expect(add(collapses) + add([...failedAttempts.values()])).toBe(attempts);
        expect(add(collapses.map((count, order) => count * 2 ** order))).toBe(coveredPages);
        expect(filledPages + copiedPages).toBe(coveredPages);
        expect(add(tally.pagesBefore)).toBe(tally.residentPages);
        expect(add(tally.pagesAfter)).toBe(tally.residentPages + filledPages + tally.swappedInPages);
        expect(tally.scanned).toBeLessThanOrEqual(tally.ranges);
      }
    }),
  );
});

test('tallies of processes add up to that of the machine, and those of VMAs to that of their process', async () => {
  await fc.assert(
    fc.asyncProperty(cases, async (given) => {
      const { total, processes } = await predict(given);
      const sums = (tally: Tally, parts: readonly Tally[]) => {
        for (const key of ['ranges', 'residentPages', 'attempts', 'coveredPages', 'filledPages'] as const) {
          expect(tally[key]).toBe(add(parts.map((part) => part[key])));
        }
        for (const map of ['refused', 'failedAttempts'] as const) {
          expect(new Set(tally[map].keys())).toEqual(new Set(parts.flatMap((part) => [...part[map].keys()])));
        }
        for (const [result, count] of tally.failedAttempts) {
          expect(count).toBe(add(parts.map((part) => part.failedAttempts.get(result) ?? 0)));
        }
        for (const [refusal, { ranges, pages }] of tally.refused) {
          expect(ranges).toBe(add(parts.map((part) => part.refused.get(refusal)?.ranges ?? 0)));
          expect(pages).toBe(add(parts.map((part) => part.refused.get(refusal)?.pages ?? 0)));
        }
      };
      sums(
        total,
        processes.map(({ tally }) => tally),
      );
      for (const { tally, vmas } of processes) {
        sums(
          tally,
          vmas.map((vma) => vma.tally),
        );
      }
    }),
  );
});
