import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { digestJson, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  addMemoryDigest,
  emptyMemoryDigest,
  type MemoryDigest,
  type SourceDigest,
  totalDigest,
} from '../../src/analysis/digest/memory-digest.ts';
import { policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { growthOf, laterAttemptsOf } from '../../src/analysis/ranges/tally.ts';
import { paretoFront, resultAt } from '../../src/analysis/sweep/pareto.ts';
import {
  metricsAt,
  policyAt,
  SWEEP_METRICS,
  type SweepSpace,
  sweepBlocks,
} from '../../src/analysis/sweep/sweep.ts';
import { allNoneLimits, allOrderSets } from '../../src/analysis/sweep/sweep-space.ts';
import { settingsFor, settingsWith, writesBetween } from '../../src/analysis/sweep/sysfs-writes.ts';
import { sum } from '../../src/core/base/sum.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { NO_ORDERS, type Order, type OrderSet, orderSet, ordersOf } from '../../src/core/memory/order.ts';
import { rangeText } from '../../src/core/memory/range-text.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { defaultSettings, enabledOrders, type ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { ZEN } from '../support/reach.ts';
import { sweepAll } from '../support/sweep-all.ts';
import '../support/seed.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { knownRanges, processItem, streamOf, vmaItem } from './streams.ts';

const geometry = geometryOfPmdOrder(9);
const host = { kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z', geometry, settings: undefined };

function digestOf(items: readonly MemoryItem[], of: Geometry = geometry, walkAll = false): SourceDigest {
  const collector = new DigestCollector(of, ZEN.pages, { walkAll });
  for (const item of items) collector.add(item);
  return {
    host: { ...host, geometry: of },
    reach: ZEN,
    processes: collector.finish(),
    skipped: [],
    notes: [],
  };
}

const SWEPT = ['linux-7.2', 'linux-7.3', 'linux-6.18', 'v18'] as const;

for (const pmdOrder of [9, 11]) {
  test(`a digest of any memory answers what a prediction does, PMD order ${pmdOrder}`, async () => {
    const of = geometryOfPmdOrder(pmdOrder);
    await fc.assert(
      fc.asyncProperty(
        streams(of),
        runPolicies(of),
        fc.constantFrom(...SWEPT),
        async (items, { settings }, name) => {
          const model = KERNEL_MODELS[name];
          const algorithm = ALGORITHMS[model.algorithm];
          const runPolicy = { settings, model, algorithm, outcomes: [] };
          const { total } = await predictMemory(streamOf(items), of, runPolicy);
          const memory = totalDigest(digestOf(items, of));
          const counts = new DigestQuery(memory).ask(settings, model);
          const later = laterAttemptsOf(total, runPolicy);
          if (later !== undefined) expect(later).toBe(sum(counts.laterAttempts));
          expect({
            ranges: memory.ranges,
            residentPages: memory.residentPages,
            hugePages: memory.hugePages,
            attempts: sum(counts.attempts),
            collapses: [...counts.collapses],
            coveredPages: counts.copiedPages + counts.filledPages,
            filledPages: counts.filledPages,
            copiedPages: counts.copiedPages,
            swappedInPages: counts.swappedInPages,
          }).toEqual({
            ranges: total.ranges,
            residentPages: total.residentPages,
            hugePages: sum(total.pagesBefore.slice(1)),
            attempts: total.attempts,
            collapses: total.collapses,
            coveredPages: total.coveredPages,
            filledPages: total.filledPages,
            copiedPages: total.copiedPages,
            swappedInPages: total.swappedInPages,
          });
        },
      ),
      { numRuns: pmdOrder === 9 ? 400 : 80 },
    );
  });
}

test('a digest survives its file format', async () => {
  await fc.assert(
    fc.asyncProperty(streams(geometry), async (items) => {
      const digest = digestOf(items);
      const again = digestOfJson(JSON.parse(JSON.stringify(digestJson(digest))));
      if (!again.ok) throw new Error(again.failure.message);
      expect(digestJson(again.value)).toEqual(digestJson(digest));
      expect(comparable(totalDigest(again.value))).toEqual(comparable(totalDigest(digest)));
    }),
    { numRuns: 150 },
  );
});

/** A digest with sorted maps, and ranges without the bits that mean nothing, which no text keeps. */
function comparable(memory: MemoryDigest): object {
  const sorted = <T>(map: ReadonlyMap<unknown, T>) =>
    new Map([...map].sort(([a], [b]) => (String(a) < String(b) ? -1 : 1)));
  const { unadvised, hugepage } = memory.classes;
  const classes = [unadvised, hugepage].map(({ table, blocked, apart }) => ({
    table: { ...table, rows: sorted(table.rows) },
    blocked: [sorted(blocked.rows), sorted(blocked.windows)],
    apart: sorted(
      new Map([...apart].map(([key, { range, count }]) => [key, { count, range: rangeText(range) }])),
    ),
  }));
  return {
    ...memory,
    classes,
    refused: sorted(memory.refused),
    unknown: new Set([...memory.unknown].sort()),
  };
}

test('digests of processes add up to the same in any order', async () => {
  await fc.assert(
    fc.asyncProperty(streams(geometry), fc.infiniteStream(fc.nat()), async (items, draws) => {
      const { processes } = digestOf(items);
      const shuffled = processes.map((each) => ({ each, at: draws.next().value as number }));
      shuffled.sort((a, b) => a.at - b.at);
      const sum = emptyMemoryDigest(geometry, ZEN.pages);
      for (const { each } of shuffled) addMemoryDigest(sum, each.memory);
      expect(comparable(sum)).toEqual(comparable(totalDigest(digestOf(items))));
    }),
    { numRuns: 60 },
  );
});

const spaces = fc.record({
  models: fc.subarray(
    SWEPT.map((name) => KERNEL_MODELS[name]),
    { minLength: 1, maxLength: 2 },
  ),
  enabled: fc.constantFrom(['always'] as const, ['always', 'madvise'] as const),
  orders: fc.array(
    fc.integer({ min: 1, max: 255 }).map((mask) => (mask << 2) as OrderSet),
    { minLength: 1, maxLength: 3 },
  ),
  maxPtesNone: fc
    .uniqueArray(fc.oneof(fc.constantFrom(0, 511), fc.nat({ max: 511 })), { minLength: 1, maxLength: 8 })
    .map((list) => list.sort((a, b) => a - b)),
  maxPtesSwap: fc.nat({ max: 511 }),
  maxPtesShared: fc.nat({ max: 511 }),
  kept: fc.constant(NO_ORDERS),
});

async function expectSweep(items: readonly MemoryItem[], space: SweepSpace, walkAll = false): Promise<void> {
  const memory = totalDigest(digestOf(items, geometry, walkAll));
  const query = new DigestQuery(memory);
  const values = sweepAll(memory, space);
  for (let index = 0; index < sweepBlocks(space) * space.maxPtesNone.length; index++) {
    const { model, enabled, orders, maxPtesNone } = policyAt(space, index);
    const settings: ThpSettings = {
      enabled: 'never',
      maxPtesNone,
      maxPtesSwap: space.maxPtesSwap,
      maxPtesShared: space.maxPtesShared,
      sizes: new Map(ordersOf(orders).map((order) => [order, enabled])),
    };
    const runPolicy = { settings, model, algorithm: ALGORITHMS[model.algorithm], outcomes: [] };
    const { total } = await predictMemory(streamOf(items), geometry, runPolicy);
    const { attempts, collapses, coveredPages, growthPages, copiedPages } = metricsAt(values, index);
    expect({ attempts, collapses, coveredPages, growthPages, copiedPages }).toEqual({
      attempts: total.attempts,
      collapses: sum(total.collapses),
      coveredPages: total.coveredPages,
      growthPages: growthOf(total),
      copiedPages: total.copiedPages,
    });
    const { hugePages, laterAttempts, machineGrowthPages, tlbEntries } = metricsAt(values, index);
    const worth = policyWorthOf(query, settings, model);
    expect({ hugePages, laterAttempts, machineGrowthPages, tlbEntries }).toEqual({
      hugePages: memory.hugePages + worth.counts.newlyHugePages,
      laterAttempts: worth.laterAttempts,
      machineGrowthPages: worth.growthPages,
      tlbEntries: worth.tlbEntries,
    });
  }
}

describe('a sweep says of each policy what a prediction says', () => {
  test('over any memory', async () => {
    await fc.assert(
      fc.asyncProperty(streams(geometry), spaces, (items, space) => expectSweep(items, space)),
      { numRuns: 120 },
    );
  });

  test('where swap entries help a range to the PMD order', async () => {
    const swapped = { present: '0-399', swap: '400-449' };
    const space = {
      ...SMALL,
      models: [KERNEL_MODELS['linux-7.2'], KERNEL_MODELS.v18],
      orders: [0x200, 0x3fc].map((orders) => orders as OrderSet),
      maxPtesNone: [0, 61, 62, 63, 111, 112, 113, 510, 511],
    };
    await expectSweep([processItem(1), vmaItem(), knownRanges([swapped])], space);
  });

  test('under the older none rules, where every range is walked', async () => {
    const historic = [KERNEL_MODELS.scaled, KERNEL_MODELS.capped];
    await fc.assert(
      fc.asyncProperty(streams(geometry), spaces, (items, space) =>
        expectSweep(items, { ...space, models: historic }, true),
      ),
      { numRuns: 30 },
    );
  });
});

const SMALL: SweepSpace = {
  models: [KERNEL_MODELS['linux-7.2']],
  enabled: ['always'],
  orders: [0, 4, 0x200, 0x3fc].map((orders) => orders as OrderSet),
  maxPtesNone: [0, 100, 255, 511],
  maxPtesSwap: 64,
  maxPtesShared: 256,
  kept: NO_ORDERS,
};

test('the front holds what nothing beats, and nothing else', () => {
  const sample = fc.gen();
  fc.assert(
    fc.property(sample, (draw) => {
      const policies = sweepBlocks(SMALL) * SMALL.maxPtesNone.length;
      const values = Float64Array.from({ length: policies * SWEEP_METRICS.length }, () =>
        draw(fc.nat, { max: 6 }),
      );
      const all = Array.from({ length: policies }, (_, index) => resultAt(SMALL, values, index));
      const beaten = (a: (typeof all)[number]) =>
        all.some(({ metrics: b }) => {
          const gains = [
            b.hugePages - a.metrics.hugePages,
            a.metrics.growthPages - b.growthPages,
            a.metrics.laterAttempts - b.laterAttempts,
          ];
          return gains.every((gain) => gain >= 0) && gains.some((gain) => gain > 0);
        });
      const triple = ({ metrics }: (typeof all)[number]) =>
        [metrics.hugePages, metrics.growthPages, metrics.laterAttempts].join(' ');
      const expected = new Set(all.filter((each) => !beaten(each)).map(triple));
      const front = paretoFront(SMALL, values).map(triple);
      expect(new Set(front)).toEqual(expected);
      expect(front).toHaveLength(expected.size);
    }),
  );
});

describe('writes to sysfs', () => {
  const settings: fc.Arbitrary<ThpSettings> = fc.record({
    enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
    sizes: fc
      .array(fc.constantFrom(...SIZE_WORDS), { minLength: 8, maxLength: 8 })
      .map((words) => new Map(words.map((word, i) => [(i + 2) as Order, word]))),
    maxPtesNone: fc.nat({ max: 511 }),
    maxPtesSwap: fc.nat({ max: 511 }),
    maxPtesShared: fc.nat({ max: 511 }),
  });

  const model = KERNEL_MODELS['linux-7.2'];

  /** What a kernel with these settings has after the writes; paths are those of /sys. */
  function written(from: ThpSettings, writes: ReturnType<typeof writesBetween>): ThpSettings {
    const sizes = new Map(from.sizes);
    const limits = { ...from };
    const topLevel = '/sys/kernel/mm/transparent_hugepage/enabled';
    for (const { path, value } of writes) {
      const size = /hugepages-(\d+)kB\/enabled$/.exec(path);
      if (size) sizes.set((Math.log2(Number(size[1])) - 2) as Order, value as never);
      else if (path === topLevel) limits.enabled = value as never;
      else if (path.endsWith('khugepaged/max_ptes_none')) limits.maxPtesNone = Number(value);
      else if (path.endsWith('khugepaged/max_ptes_swap')) limits.maxPtesSwap = Number(value);
      else if (path.endsWith('khugepaged/max_ptes_shared')) limits.maxPtesShared = Number(value);
      else throw new Error(`no such file: ${path}`);
    }
    return { ...limits, sizes };
  }

  test('set what was asked for, and the way back is the way back', () => {
    fc.assert(
      fc.property(
        settings,
        fc.integer({ min: 0, max: 255 }),
        fc.constantFrom('always' as const, 'madvise' as const),
        fc.nat({ max: 511 }),
        (from, mask, word, none) => {
          const orders = (mask << 2) as OrderSet;
          const policy = { model, orders, enabled: word, maxPtesNone: none };
          const to = settingsFor(from, policy, geometry);
          expect(written(from, writesBetween(from, to, geometry))).toEqual(to);
          expect(written(to, writesBetween(to, from, geometry))).toEqual(from);
          for (const order of to.sizes.keys()) {
            const now = to.sizes.get(order);
            const effective = now === 'inherit' ? to.enabled : now;
            expect(effective).toBe((mask << 2) & (1 << order) ? word : 'never');
          }
        },
      ),
    );
  });

  test('let no memory have a size on the way that it may not have at either end', () => {
    const reach = (each: ThpSettings, hugepage: boolean) => enabledOrders(each, hugepage, geometry);
    fc.assert(
      fc.property(settings, settings, fc.boolean(), (from, to, hugepage) => {
        const writes = writesBetween(from, to, geometry);
        const ends = reach(from, hugepage) | reach(to, hugepage);
        for (let done = 0; done <= writes.length; done++)
          expect(reach(written(from, writes.slice(0, done)), hugepage) & ~ends).toBe(0);
        expect(written(from, writes)).toEqual(to);
      }),
    );
  });

  test('go to the top level before Linux 6.8, which has no file for a size', () => {
    fc.assert(
      fc.property(settings, fc.constantFrom(NO_ORDERS, orderSet([9])), (from, orders) => {
        const policy = {
          model: KERNEL_MODELS['linux-6.6'],
          orders,
          enabled: 'always',
          maxPtesNone: 7,
        } as const;
        const to = settingsFor(from, policy, geometry);
        expect(to.enabled).toBe(orders === NO_ORDERS ? 'never' : 'always');
        for (const { path } of writesBetween(from, to, geometry)) expect(path).not.toContain('hugepages-');
      }),
    );
  });

  test('set a word for each size and every limit', () => {
    fc.assert(
      fc.property(settings, settings, (from, wanted) => {
        const words = new Map([...wanted.sizes].filter(([, word]) => word !== 'inherit'));
        const to = settingsWith(from, words, wanted, geometry);
        expect(written(from, writesBetween(from, to, geometry))).toEqual(to);
        expect(written(to, writesBetween(to, from, geometry))).toEqual(from);
        const { maxPtesNone, maxPtesSwap, maxPtesShared } = wanted;
        expect(to).toMatchObject({ enabled: from.enabled, maxPtesNone, maxPtesSwap, maxPtesShared });
        for (const [order, word] of to.sizes)
          expect(word === 'inherit' ? from.enabled : word).toBe(words.get(order) ?? 'never');
      }),
    );
  });

  test('go through no state that enables a size that neither end enables', () => {
    const from = { ...defaultSettings(geometry), enabled: 'madvise' as const };
    const policy = { model, orders: orderSet([4, 9]), enabled: 'always', maxPtesNone: 0 } as const;
    const to = settingsFor(from, policy, geometry);
    const texts = (writes: ReturnType<typeof writesBetween>) =>
      writes.map(({ path, value }) => `${path.split('/').slice(5).join('/')} ${value}`);
    expect(texts(writesBetween(from, to, geometry))).toEqual([
      'khugepaged/max_ptes_none 0',
      'hugepages-64kB/enabled always',
      'hugepages-2048kB/enabled always',
    ]);
    expect(texts(writesBetween(to, from, geometry))).toEqual([
      'hugepages-64kB/enabled never',
      'hugepages-2048kB/enabled inherit',
      'khugepaged/max_ptes_none 511',
    ]);
  });
});

test('by default everything is asked, and large geometries are thinned out', () => {
  const memory = emptyMemoryDigest(geometry, ZEN.pages);
  const sets = (...names: KernelModelName[]) =>
    allOrderSets(
      geometry,
      names.map((name) => KERNEL_MODELS[name]),
    );
  expect(sets('linux-7.2')).toHaveLength(256);
  expect(sets('linux-6.18', 'linux-7.2')).toHaveLength(256);
  expect(sets('linux-6.18', 'linux-6.6')).toHaveLength(256);
  // Neither khugepaged nor page faults have other sizes.
  expect(sets('linux-6.6')).toEqual([0, orderSet([9])]);
  expect(allNoneLimits(memory)).toHaveLength(512);
  const large = emptyMemoryDigest(geometryOfPmdOrder(13), ZEN.pages);
  for (let pages = 1; pages < 8192; pages += 3)
    large.classes.unadvised.table.rows.set(pages, {
      ranges: 1,
      full: new Float64Array(14),
      folios: undefined,
    });
  const limits = allNoneLimits(large);
  expect(limits.length).toBeLessThanOrEqual(512);
  expect([limits[0], limits.at(-1)]).toEqual([0, pagesPerRange(large.geometry) - 1]);
});
