import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Adviser } from '../../src/analysis/advice/advise.ts';
import {
  choosePolicy,
  countedEntries,
  countedGrowth,
  keepsBudget,
  losesNoReach,
  measuresOf,
  type PolicyBudget,
  type PolicyMeasures,
} from '../../src/analysis/advice/choose-policy.ts';
import { GROWTH_KINDS } from '../../src/analysis/advice/growth-kinds.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { type SourceDigest, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { digestEntries, policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { tallyEntries } from '../../src/analysis/ranges/tally-entries.ts';
import { policyAt, policyCount, type SweepSpace } from '../../src/analysis/sweep/sweep.ts';
import { adviceSpace } from '../../src/analysis/sweep/sweep-space.ts';
import { settingsFor, writesBetween } from '../../src/analysis/sweep/sysfs-writes.ts';
import type { RestartCounts } from '../../src/core/fault/restart-counts.ts';
import { type Geometry, geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOrder, ordersOf } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { sweepAll } from '../support/sweep-all.ts';
import '../support/seed.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { knownRanges, processItem, streamOf, vmaItem } from './streams.ts';

function digestOf(
  items: readonly MemoryItem[],
  geometry: Geometry,
  pages: number,
  settings?: ThpSettings,
): SourceDigest {
  const collector = new DigestCollector(geometry, pages);
  for (const item of items) collector.add(item);
  return {
    host: { kernelRelease: '7.3.4', time: '2026-01-01T00:00:00Z', geometry, settings },
    reach: { pages, cpu: 'a CPU', certainty: 'asked', source: '' },
    processes: collector.finish(),
    skipped: [],
    notes: [],
  };
}

test('TLB entries of a digest are those of the ranges that it counts, now, then and after a restart', async () => {
  const question = fc.constantFrom(3, 5, 9).chain((pmdOrder) => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    return fc.record({
      geometry: fc.constant(geometry),
      items: streams(geometry),
      runPolicy: runPolicies(geometry).map((each) => ({ ...each, outcomes: [] })),
      reachPages: fc.constantFrom(1, 4, 16, 2 ** 30),
    });
  });
  await fc.assert(
    fc.asyncProperty(question, async ({ geometry, items, runPolicy, reachPages }) => {
      const { settings } = runPolicy;
      const model = KERNEL_MODELS['linux-7.3'];
      const asked = { ...runPolicy, model, algorithm: ALGORITHMS.walk };
      const { total } = await predictMemory(streamOf(items), geometry, asked);
      const query = new DigestQuery(totalDigest(digestOf(items, geometry, reachPages)));
      const worth = policyWorthOf(query, settings, model);
      expect(digestEntries(query.memory, worth)).toEqual(tallyEntries(total, reachPages));
    }),
    { numRuns: 150 },
  );
});

interface Choice {
  readonly source: SourceDigest;
  readonly space: SweepSpace;
  readonly values: Float64Array;
  readonly budget: PolicyBudget;
}

const model = KERNEL_MODELS['linux-7.3'];

function sweepOf(source: SourceDigest, words: SweepSpace['enabled']): Pick<Choice, 'space' | 'values'> {
  const memory = totalDigest(source);
  const settings = source.host.settings ?? defaultSettings(source.host.geometry);
  const space = adviceSpace(memory, model, words, settings);
  const values = sweepAll(memory, space);
  return { space, values };
}

function adviserOf(source: SourceDigest, swept: Pick<Choice, 'space' | 'values'>): Adviser {
  const base = source.host.settings ?? defaultSettings(source.host.geometry);
  return new Adviser({ source, memory: totalDigest(source), model, base, ...swept });
}

/** The same, asked about other settings than those in force. */
function adviserAsked(source: SourceDigest, base: ThpSettings, words: SweepSpace['enabled']): Adviser {
  const memory = totalDigest(source);
  const space = adviceSpace(memory, model, words, base);
  return new Adviser({
    source,
    memory,
    model,
    base,
    isAsked: true,
    space,
    values: sweepAll(memory, space),
  });
}

function questions(
  geometry: Geometry,
): fc.Arbitrary<Pick<Choice, 'source' | 'budget'> & { readonly words: SweepSpace['enabled'] }> {
  const largest = 2 ** geometry.pmdOrder - 1;
  const orders = ordersOf(anonOrders(geometry));
  const settings = fc.record({
    enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
    sizes: fc
      .array(fc.constantFrom(...SIZE_WORDS), { minLength: orders.length, maxLength: orders.length })
      .map((words) => new Map(words.map((word, i) => [orders[i], word]))),
    maxPtesNone: fc.constantFrom(0, 1, largest >>> 1, largest),
    maxPtesSwap: fc.constantFrom(0, largest >>> 3),
    maxPtesShared: fc.constantFrom(0, largest >>> 1),
  });
  return fc
    .record({
      items: streams(geometry),
      settings,
      reachPages: fc.constantFrom(1, 4, 16),
      words: fc.constantFrom<SweepSpace['enabled']>(['always'], ['madvise'], ['always', 'madvise']),
      growth: fc.constantFrom(...GROWTH_KINDS),
      share: fc.constantFrom(0, 0.01, 0.05, 0.3, 2, Number.POSITIVE_INFINITY),
      laterAttempts: fc.constantFrom(undefined, 0, 3, 50),
      within: fc.constantFrom(0, 0.01, 0.1),
    })
    .map(({ items, settings: known, reachPages, words, growth, share, laterAttempts, within }) => {
      const source = digestOf(items, geometry, reachPages, known);
      const { residentPages } = totalDigest(source);
      const budget = { growth, growthPages: Math.floor(residentPages * share), laterAttempts, within };
      const whole = Number.isNaN(budget.growthPages)
        ? { ...budget, growthPages: Number.POSITIVE_INFINITY }
        : budget;
      return { source, budget: whole, words };
    });
}

/** All policies asked one by one, and the first by the order of preference; undefined to change nothing. */
function chosenByExhaustion({ source, space, budget }: Choice): number | undefined {
  const query = new DigestQuery(totalDigest(source));
  const { geometry, settings: known } = source.host;
  if (!known) throw new Error('settings are drawn');
  const inForce = measuresOf(policyWorthOf(query, known, model));
  const isCandidate = keepsBudget(inForce, budget);
  const restarts = new Map<string, RestartCounts | undefined>();
  // The same question for each of 512 limits: page faults know none.
  const asked = (of: DigestQuery, settings: ThpSettings) => {
    const key = JSON.stringify([...settings.sizes, settings.enabled]);
    if (!restarts.has(key)) restarts.set(key, of.restart(settings, model));
    const remembered = {
      memory: of.memory,
      ask: of.ask.bind(of),
      restartWith: () => restarts.get(key),
      repeatedRestart: of.repeatedRestart.bind(of),
    };
    return policyWorthOf(remembered, settings, model);
  };
  const all = Array.from({ length: policyCount(space) }, (_, index) => {
    const settings = settingsFor(known, policyAt(space, index), geometry, space.kept);
    const measures: PolicyMeasures = measuresOf(asked(query, settings));
    return { index, settings, measures, none: policyAt(space, index).maxPtesNone };
  }).filter(
    ({ measures }) => keepsBudget(measures, budget) && losesNoReach(measures, inForce, budget.growth),
  );
  const entriesOf = (measures: PolicyMeasures) => countedEntries(measures, budget.growth);
  const fewest = all.reduce(
    (least, { measures }) => Math.min(least, entriesOf(measures)),
    isCandidate ? entriesOf(inForce) : Number.POSITIVE_INFINITY,
  );
  const alike = fewest + budget.within * query.memory.residentPages;
  if (isCandidate && entriesOf(inForce) <= alike) return undefined;
  const keyOf = ({ index, settings, measures, none }: (typeof all)[number]) => [
    Math.floor((1000 * countedGrowth(measures, budget.growth)) / Math.max(1, query.memory.residentPages)),
    measures.laterAttempts,
    writesBetween(known, settings, geometry).length,
    none,
    index,
  ];
  const keys = all
    .filter(({ measures }) => entriesOf(measures) <= alike)
    .map((each) => ({ each, key: keyOf(each) }));
  keys.sort((a, b) => a.key.map((value, i) => value - b.key[i]).find((difference) => difference !== 0) ?? 0);
  return keys[0]?.each.index;
}

function chosen({ source, space, values, budget }: Choice): number | undefined {
  const query = new DigestQuery(totalDigest(source));
  const { geometry, settings: known } = source.host;
  if (!known) throw new Error('settings are drawn');
  const inForce = measuresOf(policyWorthOf(query, known, model));
  return choosePolicy(space, values, {
    budget,
    residentPages: query.memory.residentPages,
    machinePages: query.memory.residentPages,
    inForce,
    mayStay: keepsBudget(inForce, budget) ? inForce : undefined,
    filesChanged: (policy) =>
      writesBetween(known, settingsFor(known, policy, geometry, space.kept), geometry).length,
    noRoom: () => undefined,
  });
}

describe('advice', () => {
  test.each([3, 4, 5])('is what a search of all policies finds, at PMD order %i', (pmdOrder) => {
    fc.assert(
      fc.property(questions(geometryOfPmdOrder(pmdOrder)), ({ words, ...question }) => {
        const choice = { ...question, ...sweepOf(question.source, words) };
        expect(chosen(choice)).toBe(chosenByExhaustion(choice));
      }),
      { numRuns: 60 },
    );
  });

  test('is what a search of all 131,072 policies finds', () => {
    fc.assert(
      fc.property(questions(geometryOfPmdOrder(9)), ({ words, ...question }) => {
        const choice = { ...question, ...sweepOf(question.source, words) };
        expect(chosen(choice)).toBe(chosenByExhaustion(choice));
      }),
      // One memory takes minutes; every run of the tests draws another.
      { numRuns: 1 },
    );
  }, 600_000);

  test.each([4, 9])(
    'keeps its budget and loses no reach, at PMD order %i',
    (pmdOrder) => {
      const geometry = geometryOfPmdOrder(pmdOrder);
      fc.assert(
        fc.property(questions(geometry), ({ source, budget, words }) => {
          const { space, values } = sweepOf(source, words);
          const { leave, advised, inForce, set, restore } = adviserOf(source, { space, values }).advise(
            budget,
          );
          if (!inForce) throw new Error('settings are drawn');
          const measures = measuresOf(advised.worth);
          if (!leave || inForce.keepsBudget) expect(keepsBudget(measures, budget)).toBe(true);
          expect(losesNoReach(measures, measuresOf(inForce.worth), budget.growth)).toBe(true);
          expect(set.length === 0).toBe(leave);
          expect(restore?.length).toBe(set.length);
        }),
        { numRuns: pmdOrder === 9 ? 5 : 100 },
      );
    },
    120_000,
  );
});

describe('settings that were asked about', () => {
  test('are advised only if they keep the budget and lose no reach against those in force', () => {
    let broken = 0;
    const geometry = geometryOfPmdOrder(4);
    const others = fc.record({ known: questions(geometry), asked: questions(geometry) });
    fc.assert(
      fc.property(others, ({ known: { source, budget, words }, asked: { source: other } }) => {
        const base = other.host.settings;
        if (!base) throw new Error('settings are drawn');
        const { leave, advised, inForce, asked, set } = adviserAsked(source, base, words).advise(budget);
        if (!inForce) throw new Error('settings are drawn');
        const measures = measuresOf(advised.worth);
        if (!leave) expect(keepsBudget(measures, budget)).toBe(true);
        expect(losesNoReach(measures, measuresOf(inForce.worth), budget.growth)).toBe(true);
        expect(set.length === 0).toBe(leave);
        if (asked?.keepsBudget === false) broken++;
      }),
      { numRuns: 150 },
    );
    expect(broken).toBeGreaterThan(0);
  });

  test('break the budget of memory whose settings nobody knows: they are not written', () => {
    const items = [processItem(1), vmaItem({ flags: ['hg'] }), knownRanges([{ present: '0-100' }])];
    const source = digestOf(items, geometryOfPmdOrder(9), 1);
    const advice = adviserAsked(source, DEFAULT, ['always']).advise({ ...FIVE_PERCENT, growthPages: 5 });
    expect(advice).toMatchObject({ leave: true, set: [], asked: { keepsBudget: false } });
  });

  test('gain nothing where MADV_HUGEPAGE breaks the budget in force as well', () => {
    const items = [processItem(1), vmaItem({ flags: ['hg'] }), knownRanges([{ present: '0-100' }])];
    const source = digestOf(items, geometryOfPmdOrder(9), 1, { ...DEFAULT, enabled: 'madvise' });
    const advice = adviserAsked(source, DEFAULT, ['always']).advise({ ...FIVE_PERCENT, growthPages: 5 });
    expect(advice).toMatchObject({ leave: true, set: [] });
    expect([advice.inForce?.keepsBudget, advice.asked?.keepsBudget]).toEqual([false, false]);
  });
});

const M2 = { present: 'all', pmdMapped: true } as const;
const DEFAULT: ThpSettings = {
  enabled: 'always',
  sizes: new Map([[asOrder(9), 'inherit']]),
  maxPtesNone: 511,
  maxPtesSwap: 64,
  maxPtesShared: 256,
};
const FIVE_PERCENT = { growth: 'both', laterAttempts: undefined, within: 0.01 } as const;

function adviceFor(items: readonly MemoryItem[], settings: ThpSettings, share = 0.05) {
  const source = digestOf(items, geometryOfPmdOrder(9), 4, settings);
  const { space, values } = sweepOf(source, ['always']);
  const growthPages = Math.floor(totalDigest(source).residentPages * share);
  return adviserOf(source, { space, values }).advise({ ...FIVE_PERCENT, growthPages });
}

describe('what people do', () => {
  test('all memory is huge already: the settings stay as they are', () => {
    const items = [processItem(1), vmaItem(), knownRanges([M2, M2, M2])];
    expect(adviceFor(items, DEFAULT)).toMatchObject({ leave: true, set: [], restore: [] });
  });

  test('a size that is on stays on where that costs nothing', () => {
    const items = [processItem(1), vmaItem(), knownRanges([M2, { present: '0-255' }, { present: 'all' }])];
    const settings = { ...DEFAULT, enabled: 'madvise' as const };
    const { advised, switchedOff } = adviceFor(items, settings, 0.01);
    expect(advised.settings.sizes.get(asOrder(9))).not.toBe('never');
    expect(switchedOff).toEqual([]);
  });

  test('the limit of a control group is kept, whatever the budget', () => {
    const memoryGroups = [{ path: '/a', limitBytes: 2 ** 22, usedBytes: 2 ** 22 - 4096 }];
    const small = knownRanges([{ present: '0-100' }]);
    const never = { ...DEFAULT, enabled: 'never' as const };
    const free = adviceFor([processItem(1), vmaItem(), small], never, 10);
    expect(free.leave).toBe(false);
    const bound = adviceFor([processItem(1, { memoryGroups }), vmaItem(), small], never, 10);
    expect(bound.advised.worth.growthPages).toBe(0);
    expect(bound.advised.tight).toEqual([]);
  });

  test('settings that are not known stay where memory that asks for huge pages breaks any budget', () => {
    const items = [processItem(1), vmaItem({ flags: ['hg'] }), knownRanges([{ present: '0-100' }])];
    const source = digestOf(items, geometryOfPmdOrder(9), 1);
    const { space, values } = sweepOf(source, ['always']);
    const advice = adviserOf(source, { space, values }).advise({ ...FIVE_PERCENT, growthPages: 5 });
    expect(advice).toMatchObject({ leave: true, inForce: undefined, set: [], restore: undefined });
  });

  test('settings that are not known are written whole', () => {
    const source = digestOf(
      [processItem(1), vmaItem(), knownRanges([{ present: 'all' }])],
      geometryOfPmdOrder(9),
      1,
    );
    const { space, values } = sweepOf(source, ['always']);
    const advice = adviserOf(source, { space, values }).advise({ ...FIVE_PERCENT, growthPages: 0 });
    expect(advice).toMatchObject({ leave: false, inForce: undefined, restore: undefined });
    expect(advice.set.map(({ path }) => path.replace(/.*transparent_hugepage\//, ''))).toEqual([
      'enabled',
      'khugepaged/max_ptes_none',
      'khugepaged/max_ptes_swap',
      'khugepaged/max_ptes_shared',
      ...[16, 32, 64, 128, 256, 512, 1024, 2048].map((size) => `hugepages-${size}kB/enabled`),
    ]);
  });
});
