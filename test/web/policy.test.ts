import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ZEN } from '../support/reach.ts';
import '../support/seed.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { machinePages, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import { digestEntries, policyWorthOf } from '../../src/analysis/digest/policy-worth.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { geometryOfPmdOrder, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder, NO_ORDERS, type OrderSet, orderSet } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS, type KernelModel } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { defaultSettings, enabledOrders, type ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import {
  choiceFromParams,
  choiceOf,
  choiceOfPolicy,
  firstChoice,
  type PolicyChoice,
  settingsFrom,
  switchedTo,
  wordFor,
} from '../../web/policy/choice.ts';
import { entryCountsOf, policyOutcomeOf } from '../../web/policy/policy-outcome.ts';
import { isPresetChosen, presetsFor } from '../../web/policy/policy-presets.ts';
import { formatSort, parseSort, sortRows } from '../../web/shell/sort.ts';
import { runPolicies, streams } from '../analysis/arbitraries.ts';
import { processItem, rangesItem, streamOf, vmaItem } from '../analysis/streams.ts';
import { rangeOf } from '../support/ranges.ts';

const SETTINGS = defaultSettings(x86_64);
const DEFAULT = choiceOf(SETTINGS, x86_64, 'linux-7.2');

const choices: fc.Arbitrary<PolicyChoice> = fc.record({
  always: fc.nat({ max: 255 }).map((mask) => (mask << 2) as PolicyChoice['always']),
  madvise: fc.constant(NO_ORDERS),
  maxPtesNone: fc.nat({ max: 511 }),
  maxPtesSwap: fc.nat({ max: 511 }),
  maxPtesShared: fc.nat({ max: 511 }),
  model: fc.constantFrom('linux-7.2', 'linux-6.18'),
});

describe('a choice', () => {
  test('switches one size and leaves the others', () => {
    fc.assert(
      fc.property(
        choices,
        fc.integer({ min: 2, max: 9 }),
        fc.constantFrom(...TOP_LEVEL_WORDS),
        (before, order, word) => {
          const after = { ...before, ...switchedTo(before, asOrder(order), word) };
          for (let each = 2; each <= 9; each++)
            expect(wordFor(after, asOrder(each))).toBe(
              each === order ? word : wordFor(before, asOrder(each)),
            );
        },
      ),
    );
  });

  test('takes from a link what is said rightly, and stays as it is for the rest', () => {
    const params = { always: '4,9', none: '', swap: '512', shared: '0x10', kernel: 'constructor' };
    expect(choiceFromParams(params, DEFAULT, x86_64)).toEqual({
      ...DEFAULT,
      always: orderSet([4, 9].map(asOrder)),
    });
    expect(choiceFromParams({ none: '0', kernel: 'linux-7.3' }, DEFAULT, x86_64)).toEqual({
      ...DEFAULT,
      maxPtesNone: 0,
      model: 'linux-7.3',
    });
  });

  test('becomes settings of a machine that mean the same there, whatever top level it has', () => {
    fc.assert(
      fc.property(choices, fc.constantFrom(...TOP_LEVEL_WORDS), (wanted, enabled) => {
        const settings = settingsFrom({ ...SETTINGS, enabled }, wanted, x86_64);
        expect(settings.enabled).toBe(enabled);
        expect(choiceOf(settings, x86_64, wanted.model)).toEqual(wanted);
        expect(enabledOrders(settings, true, x86_64)).toBe(wanted.always);
      }),
    );
  });

  test('takes a policy of a sweep as it is, but for sizes that its kernel does not have', () => {
    const current = { always: orderSet([2, 9]), madvise: orderSet([3]) };
    const taken = (name: KernelModelName, orders: OrderSet) => {
      const policy = { model: KERNEL_MODELS[name], orders, enabled: 'madvise', maxPtesNone: 7 } as const;
      return choiceOfPolicy(policy, current, x86_64);
    };
    const orders = orderSet([4, 9]);
    expect(taken('linux-7.3', orders)).toEqual({ always: NO_ORDERS, madvise: orders, maxPtesNone: 7 });
    expect(taken('linux-6.18', orders).madvise).toEqual(orders);
    expect(taken('linux-6.6', orderSet([9]))).toEqual({
      always: orderSet([2]),
      madvise: orderSet([3, 9]),
      maxPtesNone: 7,
    });
    expect(taken('linux-6.6', NO_ORDERS).always).toBe(orderSet([2]));
  });

  test('begins with the kernel that the memory was read on', () => {
    const first = (kernelRelease: string) =>
      firstChoice({ geometry: x86_64, settings: undefined, kernelRelease }).model;
    expect(['5.15.0-91', '6.18.44', '7.2.13', '7.3.0-rc1', ''].map(first)).toEqual([
      'linux-6.6',
      'linux-6.18',
      'linux-7.2',
      'linux-7.3',
      'linux-7.3',
    ]);
  });
});

describe('presets', () => {
  test('are what they are called, in any geometry', () => {
    const large = geometryOfPmdOrder(13);
    const labels = presetsFor(undefined, large).map(({ label }) => label);
    expect(labels).toEqual([
      'kernel default',
      'all sizes, none 0',
      'all sizes, none 8191',
      '512M only, none 0',
      'no size',
    ]);
    const recorded = { ...SETTINGS, enabled: 'madvise' as const, maxPtesNone: 7 };
    const [first] = presetsFor(recorded, x86_64);
    expect(first.label).toBe('as recorded');
    expect(first.changes).toMatchObject({ madvise: orderSet([9]), always: NO_ORDERS, maxPtesNone: 7 });
  });

  test('show which of them is chosen, whatever the kernel', () => {
    const chosen = (choice: PolicyChoice) =>
      presetsFor(SETTINGS, x86_64).flatMap((preset) =>
        isPresetChosen(preset, choice) ? [preset.label] : [],
      );
    expect(chosen({ ...DEFAULT, model: 'v18' })).toEqual(['as recorded = kernel default']);
    expect(chosen({ ...DEFAULT, maxPtesNone: 0 })).toEqual(['2M only, none 0']);
    expect(chosen({ ...DEFAULT, maxPtesNone: 1 })).toEqual([]);
    expect(chosen({ ...DEFAULT, maxPtesSwap: 1 })).toEqual([]);
    expect(chosen({ ...DEFAULT, madvise: orderSet([2]) })).toEqual([]);
  });
});

/** What the digest and what the ranges say of the same memory. */
async function bothOutcomes(items: readonly MemoryItem[], settings: ThpSettings, model: KernelModel) {
  const algorithm = ALGORITHMS[model.algorithm];
  const runPolicy = { settings, model, algorithm, outcomes: [] };
  const { total } = await predictMemory(streamOf(items), x86_64, runPolicy);
  const collector = new DigestCollector(x86_64, ZEN.pages);
  for (const item of items) collector.add(item);
  const host = { kernelRelease: '', time: '', geometry: x86_64, settings: undefined };
  const memory = totalDigest({ host, reach: ZEN, processes: collector.finish() });
  const query = new DigestQuery(memory);
  const worth = policyWorthOf(query, settings, model);
  const { residentPages, hugePages } = memory;
  const totals = {
    counts: worth.counts,
    residentPages,
    hugePages,
    restart: worth.restart?.counts,
    machinePages: machinePages(memory),
    machineRestart: worth.restart?.machineCounts,
    entries: digestEntries(memory, worth),
  };
  return {
    digested: {
      ...policyOutcomeOf(totals, undefined),
      entries: entryCountsOf(totals, undefined, ZEN.pages),
    },
    judged: {
      ...policyOutcomeOf(undefined, { total }),
      entries: entryCountsOf(undefined, { total }, ZEN.pages),
    },
  };
}

test('the digest and the ranges tell the same outcome of any memory', async () => {
  await fc.assert(
    fc.asyncProperty(
      streams(x86_64),
      runPolicies(x86_64),
      fc.constantFrom('linux-7.2', 'linux-6.18', 'v18'),
      async (items, { settings }, name) => {
        const { digested, judged } = await bothOutcomes(items, settings, KERNEL_MODELS[name]);
        expect(judged).toEqual({ ...digested, laterAttempts: undefined });
      },
    ),
  );
});

test('pages that come back from swap are growth, and in use', async () => {
  const range = rangeOf({ present: '0-499', swap: '500-504' });
  const items = [processItem(1), vmaItem({}), rangesItem(range)];
  const { digested, judged } = await bothOutcomes(items, SETTINGS, KERNEL_MODELS['linux-7.2']);
  expect(judged).toEqual({ ...digested, laterAttempts: undefined });
  expect(judged).toMatchObject({ residentPages: 500, hugeNow: 0, hugeThen: 505, growthPages: 12 });
});

test('a restart fills around each touched page as far as its VMA reaches, swapped ones too', async () => {
  const range = rangeOf({ present: '100-119', swap: '200', zero: '300' });
  const vma = vmaItem({ start: 64 * 4096, end: 512 * 4096 });
  const sizes = new Map([
    [asOrder(6), 'always' as const],
    [asOrder(9), 'always' as const],
  ]);
  const settings = { ...SETTINGS, sizes };
  const { digested } = await bothOutcomes(
    [processItem(1), vma, rangesItem(range)],
    settings,
    KERNEL_MODELS['linux-7.2'],
  );
  // 2M does not fit; windows of 256K begin at 64 and 192.
  expect(digested?.restart).toEqual({
    residentPages: 128,
    touchedPages: 21,
    hugePages: 21,
    growthPages: 108,
    largerFolioPages: 0,
    sharedPages: 0,
    machinePages: 128,
    machineGrowthPages: 108,
  });
  expect(digested).toMatchObject({ residentPages: 20, growthPages: 0, hugeThen: 0 });
});

test('before anything is known there is no outcome', () => {
  expect(policyOutcomeOf(undefined, undefined)).toBeUndefined();
  expect(entryCountsOf(undefined, undefined, ZEN.pages)).toBeUndefined();
});

describe('sorting a table', () => {
  const fallback = { column: 'memory', descending: true };

  test('is said by a word of the link; other words are the fallback', () => {
    const columns = ['name', 'memory'];
    for (const text of ['name', '-name', 'memory', '-memory'])
      expect(formatSort(parseSort(text, columns, fallback))).toBe(text);
    for (const text of [undefined, '', '-', 'pid', '--name'])
      expect(parseSort(text, columns, fallback)).toBe(fallback);
  });

  test('compares numbers as numbers, and equal rows stay in their order', () => {
    const rows = [
      ['b', 9],
      ['a', 10],
      ['c', 9],
    ] as const;
    const names = (sorted: readonly (readonly [string, number])[]) => sorted.map(([name]) => name).join('');
    expect(names(sortRows(rows, ([, value]) => value, false))).toBe('bca');
    expect(names(sortRows(rows, ([, value]) => value, true))).toBe('abc');
    expect(names(sortRows(rows, ([name]) => name, true))).toBe('cba');
  });
});
