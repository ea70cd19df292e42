import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PolicyBudget } from '../../src/analysis/advice/choose-policy.ts';
import { growthOf } from '../../src/analysis/ranges/tally.ts';
import { COLLAPSE_AXES, type FrontAxes, signedGain } from '../../src/analysis/sweep/pareto.ts';
import { sum } from '../../src/core/base/sum.ts';
import { NO_ORDERS } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { policyAt, type SweptPolicy } from '../../src/analysis/sweep/sweep.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { choiceOfPolicy, settingsOf } from '../../web/policy/choice.ts';
import {
  budgetFromParams,
  budgetOf,
  DEFAULT_GROWTH,
  GROWTH_STOPS,
  paramsOfBudget,
  stopOf,
  WORK_STOPS,
} from '../../web/tradeoff/budget.ts';
import { envelopeOf, frameOf, nearestPoint, xOf, yOf } from '../../web/tradeoff/chart-frame.ts';
import { linearScale, logScale } from '../../web/tradeoff/scale.ts';
import { stepAlong } from '../../web/tradeoff/step-along.ts';
import { LocalBlocks } from '../../web/tradeoff/sweep-blocks.ts';
import { type Sweep, Sweeper, type SweptMemory } from '../../web/tradeoff/sweeper.ts';
import { processItem, rangesItem, vmaItem } from '../analysis/streams.ts';
import { rangeOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const QUESTION = {
  model: 'linux-7.2',
  maxPtesSwap: 64,
  maxPtesShared: 256,
  axes: COLLAPSE_AXES,
} as const;
const noPause = async () => {};

function sweptMemory(items: readonly MemoryItem[]): SweptMemory {
  const collector = new DigestCollector(x86_64, ZEN.pages);
  for (const item of items) collector.add(item);
  const host = {
    name: '',
    bootId: '',
    kernelRelease: '7.2.0',
    time: '2026-01-01T00:00:00.000Z',
    geometry: x86_64,
    settings: undefined,
  };
  const source = { host, reach: ZEN, processes: collector.finish(), skipped: [], notes: [] };
  return { source, query: new DigestQuery(totalDigest(source)) };
}

/** Ranges with holes, and one with swap, which a digest keeps apart; advised ones where flags say so. */
function memoryOf(...flags: string[][]): SweptMemory {
  const items = flags.flatMap((each, i) => {
    const start = i * 2 ** 30;
    const at = (range: number) => start + range * 2 ** 21;
    return [
      vmaItem({ start, end: start + 2 ** 30, flags: each }),
      rangesItem(
        rangeOf({ present: '0-510', address: at(0) }),
        rangeOf({ present: '0-63,100-103', address: at(1) }),
        rangeOf({ present: '7', address: at(2) }),
        rangeOf({ present: '0-300', swap: '301-310', address: at(3) }),
      ),
    ];
  });
  return sweptMemory([processItem(1), ...items]);
}

async function swept(memory: SweptMemory): Promise<{ sweep: Sweep; sweeper: Sweeper }> {
  const sweeper = new Sweeper();
  const sweep = await sweeper.sweep(memory, QUESTION, noPause, () => {});
  if (!sweep) throw new Error('a sweep alone was not finished');
  return { sweep, sweeper };
}

function asked(memory: SweptMemory, policy: SweptPolicy) {
  const { model } = policy;
  const none = { always: NO_ORDERS, madvise: NO_ORDERS };
  const settings: ThpSettings = settingsOf({
    ...QUESTION,
    ...choiceOfPolicy(policy, none, memory.query.memory.geometry),
  });
  const counts = memory.query.ask(settings, model);
  return {
    growthPages: growthOf(counts),
    hugePages: memory.query.memory.hugePages + counts.newlyHugePages,
    attempts: sum(counts.attempts),
    laterAttempts: sum(counts.laterAttempts),
  };
}

describe('a sweep in the worker', () => {
  test('has every policy at its place, once', async () => {
    const memory = memoryOf([], ['hg']);
    const { sweep } = await swept(memory);
    expect(sweep.policies).toBe(2 * 256 * 512);
    const { points, space } = sweep;
    expect(points.policies.reduce((sum, each) => sum + each, 0)).toBe(sweep.policies);
    const places = new Set(
      [...points.index.keys()].map((i) => `${points.growthPages[i]} ${points.hugePages[i]}`),
    );
    expect(places.size).toBe(points.index.length);
    for (let i = 0; i < points.index.length; i++)
      expect(asked(memory, policyAt(space, points.index[i]))).toEqual({
        growthPages: points.growthPages[i],
        hugePages: points.hugePages[i],
        attempts: points.attempts[i],
        laterAttempts: points.laterAttempts[i],
      });
  });

  test('asks about advised memory alone where there is both, and finds the front of the command line', async () => {
    const both = await swept(memoryOf([], ['hg']));
    expect(both.sweep.space.enabled).toEqual(['always', 'madvise']);
    const all = await swept(memoryOf(['hg']));
    expect(all.sweep.space.enabled).toEqual(['always']);
    const { front, points } = both.sweep;
    expect(front.some(({ policy }) => policy.enabled === 'madvise')).toBe(true);
    // Each place of the front that has most in huge pages for its growth stands for the policy of the front.
    for (const { index, metrics } of envelopeOf(front)) {
      const i = points.growthPages.findIndex(
        (growth, at) => growth === metrics.growthPages && points.hugePages[at] === metrics.hugePages,
      );
      expect(points.laterAttempts[i]).toBeLessThanOrEqual(metrics.laterAttempts);
      if (points.laterAttempts[i] === metrics.laterAttempts) expect(points.index[i]).toBe(index);
    }
  });

  test('gives way to a later one and reports how far it is', async () => {
    const memory = memoryOf([]);
    const sweeper = new Sweeper();
    const shares: number[] = [];
    const first = sweeper.sweep(memory, QUESTION, noPause, () => {});
    const second = sweeper.sweep(memory, QUESTION, noPause, (share) => shares.push(share));
    expect(await first).toBeUndefined();
    expect(await second).toBeDefined();
    expect(shares[0]).toBe(0);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares.length).toBeGreaterThan(4);
    expect(Math.max(...shares)).toBeLessThan(1);
  });

  test('comes to the same by several workers, which are asked for where many ranges are walked alone', async () => {
    const ranges = Array.from({ length: 17 }, (_, i) =>
      rangeOf({ present: `0-${100 + i}`, unreferenced: `${i}`, address: 2 ** 21 * i }),
    );
    const vma = vmaItem({ start: 0, end: 2 ** 30 });
    const memory = sweptMemory([processItem(1), vma, rangesItem(...ranges)]);
    const alone = await swept(memory);
    const asked: number[] = [];
    const workers = [new LocalBlocks(), new LocalBlocks(), new LocalBlocks()].map((worker, i) => ({
      begin: worker.begin.bind(worker),
      sweep: (first: number, end: number) => (asked.push(i), worker.sweep(first, end)),
    }));
    const sweeper = new Sweeper(async () => workers);
    const shares: number[] = [];
    const sweep = await sweeper.sweep(memory, QUESTION, noPause, (share) => shares.push(share));
    expect(sweep).toEqual(alone.sweep);
    expect(new Set(asked)).toEqual(new Set([0, 1, 2]));
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    // Few ranges are swept at once.
    asked.length = 0;
    await sweeper.sweep(memoryOf([]), QUESTION, noPause, () => {});
    expect(asked).toEqual([]);
    // A later sweep ends one by workers.
    const first = sweeper.sweep(memory, QUESTION, noPause, () => {});
    const second = sweeper.sweep(memoryOf([]), QUESTION, noPause, () => {});
    expect(await first).toBeUndefined();
    expect(await second).toBeDefined();
  });

  test('advises what fits a budget, and nothing where nothing was swept', async () => {
    const memory = memoryOf([]);
    const budgetOf = (growthPages: number, laterAttempts?: number): PolicyBudget => ({
      growth: 'both',
      growthPages,
      laterAttempts,
      within: 0.01,
    });
    expect(new Sweeper().advise(budgetOf(0))).toBeUndefined();
    const { sweeper } = await swept(memory);
    for (const growthPages of [0, 1, 300, Infinity]) {
      const found = sweeper.advise(budgetOf(growthPages, 3));
      if (!found) throw new Error('nothing is advised');
      const { worth, settings } = found.advice.advised;
      expect(worth.growthPages).toBeLessThanOrEqual(growthPages);
      expect(worth.restart?.growthPages).toBeLessThanOrEqual(growthPages);
      expect(worth.laterAttempts).toBeLessThanOrEqual(3);
      expect(memory.query.ask(settings, KERNEL_MODELS[QUESTION.model])).toEqual(worth.counts);
      expect(memory.query.ask(settingsOf(found.choice), KERNEL_MODELS[QUESTION.model])).toEqual(worth.counts);
      expect(found.blindSpots.length).toBeGreaterThan(2);
    }
  });
});

describe('scales', () => {
  const scales = fc
    .tuple(fc.boolean(), fc.double({ min: 0.01, max: 1e5, noNaN: true }))
    .map(([even, most]) => (even ? linearScale(most) : logScale(most, 0.1)));

  test('go from 0 to 1, rise, and come back', () => {
    fc.assert(
      fc.property(scales, fc.double({ min: 0, max: 1, noNaN: true }), (scale, share) => {
        expect(scale.at(0)).toBe(0);
        expect(scale.at(scale.most)).toBeCloseTo(1);
        const value = share * scale.most;
        expect(scale.value(scale.at(value))).toBeCloseTo(value, 3);
      }),
    );
  });

  test('have a few round ticks from 0 on, all of them on the axis', () => {
    fc.assert(
      fc.property(scales, ({ ticks, at }) => {
        expect(ticks[0]).toBe(0);
        expect(ticks.length).toBeGreaterThan(1);
        expect(ticks.length).toBeLessThan(20);
        const places = ticks.map(at);
        expect(places).toEqual([...new Set(places)].sort((a, b) => a - b));
        expect(places.at(-1)).toBeLessThanOrEqual(1 + 1e-9);
        for (const tick of ticks) expect(String(tick).replace(/[.e+-]/g, '').length).toBeLessThan(8);
      }),
    );
  });

  test('write 0.3 and not what floating point makes of it', () => {
    expect(logScale(300, 0.1).ticks).toEqual([0, 0.1, 0.3, 1, 3, 10, 30, 100, 300]);
    expect(linearScale(1).ticks).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  });
});

const AXES = fc.record({
  cost: fc.constantFrom('growthPages' as const, 'restartGrowthPages' as const),
  gain: fc.constantFrom('hugePages' as const, 'tlbEntries' as const),
});

describe('a front', () => {
  test('is what nothing beats in the cost and the gain that are asked about, and in attempts', async () => {
    const memory = memoryOf([]);
    for (const axes of [
      { cost: 'restartGrowthPages', gain: 'tlbEntries' },
      { cost: 'growthPages', gain: 'tlbEntries' },
    ] as const) {
      const sweep = await new Sweeper().sweep(memory, { ...QUESTION, axes }, noPause, () => {});
      if (!sweep) throw new Error('a sweep alone was not finished');
      const { front, points } = sweep;
      const worth = (at: Readonly<Record<FrontAxes['cost'] | FrontAxes['gain'], number>>) =>
        [-at[axes.cost], signedGain(at[axes.gain], axes)] as const;
      // Whatever stands anywhere in the picture, something on the front is at least as good.
      const unmatched = [...points.index.keys()].filter((i) => {
        const [cost, gain] = [-points[axes.cost][i], signedGain(points[axes.gain][i], axes)];
        return !front.some(({ metrics }) => {
          const [otherCost, otherGain] = worth(metrics);
          return otherCost >= cost && otherGain >= gain && metrics.laterAttempts <= points.laterAttempts[i];
        });
      });
      expect(unmatched).toEqual([]);
      const line = envelopeOf(front, axes).map(({ metrics }) => worth(metrics));
      for (const [i, [cost, gain]] of line.entries())
        if (i > 0) expect([cost < line[i - 1][0], gain > line[i - 1][1]]).toEqual([true, true]);
    }
  });
});

describe('a picture', () => {
  const columns = fc
    .array(fc.tuple(fc.nat({ max: 3000 }), fc.nat({ max: 1000 })), { minLength: 1, maxLength: 30 })
    .map((places) => ({
      growthPages: Float64Array.from(places, ([growth]) => growth),
      hugePages: Float64Array.from(places, ([, huge]) => huge),
      tlbEntries: Float64Array.from(places, ([, huge]) => 1000 - huge),
      restartGrowthPages: Float64Array.from(places, ([growth]) => growth),
      attempts: new Float64Array(places.length),
      laterAttempts: new Float64Array(places.length),
      index: Uint32Array.from(places.keys()),
      policies: new Uint32Array(places.length).fill(1),
    }));

  test('has every policy inside its plot, and the pointer finds it there', () => {
    fc.assert(
      fc.property(columns, fc.constantFrom('log' as const, 'linear' as const), AXES, (points, axis, axes) => {
        const frame = frameOf(360, 300, points, 1000, axis, axes, 1000);
        for (let i = 0; i < points.index.length; i++) {
          const x = xOf(frame, points[axes.cost][i]);
          const y = yOf(frame, points[axes.gain][i]);
          expect(x).toBeGreaterThanOrEqual(frame.left);
          expect(x).toBeLessThanOrEqual(frame.right + 1e-6);
          expect(y).toBeGreaterThanOrEqual(frame.top - 1e-6);
          expect(y).toBeLessThanOrEqual(frame.bottom);
          const found = nearestPoint(frame, points, x, y, 5);
          expect(found).toBeDefined();
          expect(points.growthPages[found ?? -1]).toBe(points.growthPages[i]);
          expect(points.hugePages[found ?? -1]).toBe(points.hugePages[i]);
        }
        expect(nearestPoint(frame, points, -100, -100, 5)).toBeUndefined();
      }),
    );
  });

  test('draws as its line what has more in huge pages than all with less growth', async () => {
    const { sweep } = await swept(memoryOf([]));
    const line = envelopeOf(sweep.front);
    expect(line[0].metrics.growthPages).toBe(0);
    for (const { metrics } of sweep.front) {
      const under = line.filter((each) => each.metrics.growthPages <= metrics.growthPages);
      expect(under.at(-1)?.metrics.hugePages).toBeGreaterThanOrEqual(metrics.hugePages);
    }
    for (let i = 1; i < line.length; i++)
      expect(line[i].metrics.hugePages).toBeGreaterThan(line[i - 1].metrics.hugePages);
  });
});

test('keys walk along the front and stay on it', () => {
  expect(stepAlong('ArrowRight', undefined, 5)).toBe(1);
  expect(stepAlong('ArrowLeft', 0, 5)).toBe(0);
  expect(stepAlong('PageDown', 12, 50)).toBe(2);
  expect(stepAlong('End', 1, 5)).toBe(4);
  expect(stepAlong('Home', 3, 5)).toBe(0);
  expect(stepAlong('Enter', 3, 5)).toBeUndefined();
  expect(stepAlong('ArrowRight', undefined, 0)).toBeUndefined();
});

describe('a budget', () => {
  test('is said by the link, and the link by it', () => {
    const budgets = fc.record({
      growthPercent: fc.option(fc.constantFrom(...GROWTH_STOPS, 0.37, 250), { nil: undefined }),
      laterAttempts: fc.option(fc.constantFrom(...WORK_STOPS, 33), { nil: undefined }),
    });
    fc.assert(
      fc.property(budgets, (budget) => {
        const said = Object.entries(paramsOfBudget(budget)).filter(([, text]) => text !== undefined);
        expect(budgetFromParams(Object.fromEntries(said) as Record<string, string>)).toEqual(budget);
      }),
    );
    const nothing = { growthPercent: DEFAULT_GROWTH, laterAttempts: undefined };
    for (const params of [{}, { budget: '-1', work: 'x' }, { budget: '', work: '1e' }])
      expect(budgetFromParams(params as Record<string, string>)).toEqual(nothing);
  });

  test('is that of the command line where a link says nothing', async () => {
    const { stdout } = await thpscope(['advise', 'examples/redis.parquet', '--json']);
    const { budget, memory } = JSON.parse(stdout);
    const byDefault = budgetOf(budgetFromParams({}), memory.residentPages);
    expect({ ...byDefault, laterAttempts: null }).toEqual(budget);
    expect(byDefault.laterAttempts).toBeUndefined();
  });

  test('is whole pages of the memory in use, or any number', () => {
    expect(budgetOf({ growthPercent: 1.5, laterAttempts: 7 }, 999)).toEqual({
      growth: 'both',
      growthPages: 14,
      laterAttempts: 7,
      within: 0.01,
    });
    expect(budgetOf({ growthPercent: undefined, laterAttempts: undefined }, 999)).toEqual({
      growth: 'both',
      growthPages: Infinity,
      laterAttempts: undefined,
      within: 0.01,
    });
  });

  test('has a place on its slider: its stop, the nearest one, or the end', () => {
    for (const [place, stop] of GROWTH_STOPS.entries()) expect(stopOf(stop, GROWTH_STOPS)).toBe(place);
    expect(stopOf(undefined, GROWTH_STOPS)).toBe(GROWTH_STOPS.length);
    expect(stopOf(64, WORK_STOPS)).toBe(WORK_STOPS.indexOf(50));
    expect(stopOf(1e12, WORK_STOPS)).toBe(WORK_STOPS.length - 1);
  });
});
