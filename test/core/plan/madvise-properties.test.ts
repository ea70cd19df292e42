import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../../src/core/memory/geometry.ts';
import { NO_ORDERS, orderSet } from '../../../src/core/memory/order.ts';
import { applyPlan } from '../../../src/core/plan/apply-plan.ts';
import { type AdvisedVma, type MadviseCall, planMadvise } from '../../../src/core/plan/madvise-collapse.ts';
import { planRange } from '../../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { collapsePolicy } from '../../../src/core/rules/policy.ts';
import { ranges } from '../../analysis/arbitraries.ts';
import '../../support/seed.ts';
import { geometries } from '../arbitraries.ts';

const models = fc.constantFrom(...Object.values(KERNEL_MODELS));

/** Calls over a few VMAs, most of them fit to collapse, with gaps here and there. */
const calls: fc.Arbitrary<MadviseCall> = fc.tuple(geometries, models).chain(([geometry, model]) =>
  fc
    .record({
      start: fc.nat({ max: 2 * pagesPerRange(geometry) }),
      length: fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 8 * pagesPerRange(geometry) })),
      vmas: fc.array(vmas(geometry), { minLength: 1, maxLength: 4 }),
      contents: fc.array(
        fc.oneof({ weight: 6, arbitrary: ranges(geometry) }, fc.constantFrom('no-pte-table', 'no-pmd-table')),
        { minLength: 1, maxLength: 4 },
      ),
    })
    .map(({ start, length, vmas, contents }) => ({
      start: start * pageBytes(geometry),
      length: length * pageBytes(geometry),
      vmas: sideBySide(vmas, geometry),
      rangeAt: (address: number) => contents[(address / rangeBytes(geometry)) % contents.length],
      model,
      geometry,
    })),
);

interface VmaShape {
  /** In pages. */
  readonly gap: number;
  readonly length: number;
  readonly eligible: boolean;
  readonly written: boolean;
}

function vmas(geometry: Geometry): fc.Arbitrary<VmaShape> {
  const pages = pagesPerRange(geometry);
  const mostly = fc.integer({ min: 0, max: 9 }).map((draw) => draw > 0);
  return fc.record({
    gap: fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat({ max: pages })),
    length: fc.oneof(
      fc.integer({ min: 1, max: 4 }).map((count) => count * pages),
      fc.integer({ min: 1, max: 4 * pages }),
    ),
    eligible: mostly,
    written: mostly,
  });
}

function sideBySide(shapes: readonly VmaShape[], geometry: Geometry): AdvisedVma[] {
  let at = 0;
  return shapes.map(({ gap, length, eligible, written }) => {
    const start = at + gap * pageBytes(geometry);
    at = start + length * pageBytes(geometry);
    return { start, end: at, orders: eligible ? orderSet([geometry.pmdOrder]) : NO_ORDERS, written };
  });
}

/**
 * The whole ranges of the call in each of its VMAs, and whether VMAs cover all of it, found page by page of
 * the layout.
 */
function wholeRanges({ start, length, vmas, geometry }: MadviseCall): number[] {
  const bytes = rangeBytes(geometry);
  const whole: number[] = [];
  for (let address = 0; address < start + length; address += bytes) {
    const inCall = start <= address && address + bytes <= start + length;
    if (inCall && [...vmas].some((vma) => vma.start <= address && address + bytes <= vma.end))
      whole.push(address);
  }
  return whole;
}

function coversCall({ start, length, vmas }: MadviseCall): boolean {
  let mapped = 0;
  for (const vma of vmas)
    mapped += Math.max(0, Math.min(vma.end, start + length) - Math.max(vma.start, start));
  return mapped === length;
}

function isHuge(result: string): boolean {
  return result === 'SCAN_SUCCEED' || result === 'SCAN_PMD_MAPPED';
}

test('the ranges looked at are the first of the whole ranges in the VMAs of the call, in order', () => {
  fc.assert(
    fc.property(calls, (call) => {
      const looked = planMadvise(call).ranges.map(({ address }) => address);
      expect(looked).toEqual(wholeRanges(call).slice(0, looked.length));
    }),
    { numRuns: 500 },
  );
});

test('0 or ENOMEM for unmapped pages means that every whole range is huge, 0 also that all is mapped', () => {
  let successes = 0;
  fc.assert(
    fc.property(calls, (call) => {
      const { errno, ranges } = planMadvise(call);
      const huge = ranges.filter(({ result }) => isHuge(result)).length === wholeRanges(call).length;
      if (errno === undefined || errno === 'ENOMEM') {
        expect(huge).toBe(true);
        expect(errno === undefined).toBe(coversCall(call));
        successes++;
      }
    }),
    { numRuns: 500 },
  );
  expect(successes).toBeGreaterThan(50);
});

test('asked again after it was done, it finds what it made and changes nothing more', () => {
  fc.assert(
    fc.property(calls, (call) => {
      const first = planMadvise(call);
      const after = new Map(
        first.ranges.map(({ address, plan }) => {
          const found = call.rangeAt(address);
          return [address, typeof found !== 'string' && plan ? applyPlan(found, plan) : found];
        }),
      );
      const second = planMadvise({
        ...call,
        rangeAt: (address) => after.get(address) ?? call.rangeAt(address),
      });
      expect(second.errno).toBe(first.errno);
      expect(second.ranges.map(({ result }) => result)).toEqual(
        first.ranges.map(({ result }) => (result === 'SCAN_SUCCEED' ? 'SCAN_PMD_MAPPED' : result)),
      );
    }),
    { numRuns: 500 },
  );
});

test('a range that khugepaged makes a THP of, MADV_COLLAPSE does too, whatever the limits', () => {
  let collapsed = 0;
  const cases = fc.tuple(geometries, models).chain(([geometry, model]) => {
    const limit = fc.nat({ max: pagesPerRange(geometry) - 1 });
    const limits = fc.record({ maxPtesNone: limit, maxPtesSwap: limit, maxPtesShared: limit });
    return fc.record({
      range: ranges(geometry),
      policy: limits.map((each) => collapsePolicy(orderSet([geometry.pmdOrder]), each, model, geometry)),
    });
  });
  fc.assert(
    fc.property(cases, ({ range, policy }) => {
      if (planRange(range, policy).result !== 'SCAN_SUCCEED') return;
      collapsed++;
      const { model } = policy;
      const { geometry } = range;
      const bytes = rangeBytes(geometry);
      const vma = { start: 0, end: bytes, orders: policy.orders, written: true };
      const rangeAt = () => range;
      expect(
        planMadvise({ start: 0, length: bytes, vmas: [vma], rangeAt, model, geometry }).errno,
      ).toBeUndefined();
    }),
    { numRuns: 1000 },
  );
  expect(collapsed).toBeGreaterThan(50);
});
