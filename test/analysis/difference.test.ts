import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { addForetold, nothingForetold, SURPRISES } from '../../src/analysis/difference/foretold.ts';
import {
  type ComparedRange,
  type MemoryDifference,
  memoryDifference,
} from '../../src/analysis/difference/memory-difference.ts';
import { MISSES } from '../../src/analysis/difference/missed-window.ts';
import { PAGE_CHANGES } from '../../src/analysis/difference/page-changes.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import type { RunPolicy } from '../../src/analysis/ranges/verdict.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { sum } from '../../src/core/base/sum.ts';
import { type Geometry, geometryOfPmdOrder, rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { applyPlan } from '../../src/core/plan/apply-plan.ts';
import { collapsesOf } from '../../src/core/plan/collapses.ts';

import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { type RangeText, rangeOf } from '../support/ranges.ts';
import { ranges, runPolicies, streams } from './arbitraries.ts';
import { knownRanges, processItem, rangesItem, runPolicyOf, streamOf, vmaItem } from './streams.ts';

const BOOT = 'c0ffee00-5a0a-4f6f-9d8e-0123456789ab';

/** The difference between two readings of one boot of a machine. */
function differenceOf(
  geometry: Geometry,
  before: readonly MemoryItem[],
  after: readonly MemoryItem[],
  runPolicy?: RunPolicy,
  boots: readonly [string, string] = [BOOT, BOOT],
  onRange?: (range: ComparedRange) => void,
): Promise<MemoryDifference> {
  const table = new RangeTable(geometry);
  for (const item of before) table.add(item);
  const [was, is] = boots.map((bootId) => ({ bootId, geometry }));
  const machine = { kernelRelease: '7.3', settings: undefined };
  const under = runPolicy && { runPolicy, surroundings: machine, laterSurroundings: machine };
  return memoryDifference(table, was, streamOf(after), is, under, onRange);
}

const GEOMETRIES = [3, 4, 9, 11].map(geometryOfPmdOrder);

const streamed = fc.constantFrom(...GEOMETRIES).chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    runPolicy: runPolicies(geometry),
    items: streams(geometry),
  }),
);

/** One range at two times. */
const rangePairs = fc
  .constantFrom(...GEOMETRIES)
  .chain((geometry) =>
    fc.record({ geometry: fc.constant(geometry), before: ranges(geometry), after: ranges(geometry) }),
  );

test('whoever hears of each range hears what the sums are of: every page, and what was predicted', async () => {
  const pairs = rangePairs.chain((pair) =>
    fc.record({ pair: fc.constant(pair), runPolicy: runPolicies(pair.geometry) }),
  );
  await fc.assert(
    fc.asyncProperty(pairs, async ({ pair: { geometry, before, after }, runPolicy }) => {
      const pages = Object.fromEntries(PAGE_CHANGES.map((kind) => [kind, 0]));
      const heard: ComparedRange[] = [];
      const { total, foretold } = await differenceOf(
        geometry,
        memoryOf(before),
        memoryOf(after),
        runPolicy,
        [BOOT, BOOT],
        (range) => {
          heard.push(range);
          for (const kind of range.pages.kinds) pages[PAGE_CHANGES[kind]]++;
        },
      );
      const { split, filled, touched, swappedIn, swappedOut, freed } = total;
      expect(pages).toMatchObject({ split, filled, touched, swappedIn, swappedOut, freed });
      expect(pages.collapsed).toBe(sum(total.collapsed));
      expect(pages.none + sum(total.before) + swappedIn + filled + touched).toBe(
        heard.length * 2 ** geometry.pmdOrder,
      );
      const said = nothingForetold();
      for (const each of heard) if (each.foretold) addForetold(said, each.foretold);
      expect(said).toEqual(foretold);
    }),
  );
});

/** The processes of a stream by pids of their own. */
function renamed(items: readonly MemoryItem[]): MemoryItem[] {
  return items.map((item, at) =>
    item.kind === 'process' ? { kind: 'process', process: { ...item.process, pid: at + 1 } } : item,
  );
}

/** A process with ranges in one VMA from address 0 on. */
function memoryOf(...each: RangeState[]): MemoryItem[] {
  return [processItem(1), vmaItem(), rangesItem(...each)];
}

test('nothing changes between a reading and itself, and what is predicted waits', async () => {
  await fc.assert(
    fc.asyncProperty(streamed, async ({ geometry, runPolicy: asked, items: sameNames }) => {
      // An attempt that is told to succeed does so on one folio, too: nothing could be seen of that.
      const runPolicy = { ...asked, outcomes: [] };
      const items = renamed(sameNames);
      const { processes, total, foretold } = await differenceOf(geometry, items, items, runPolicy);
      const prediction = await predictMemory(streamOf(items), geometry, runPolicy);
      expect(total.ranges).toEqual({ collapsed: 0, split: 0, filled: 0, freed: 0, changed: 0 });
      expect(total.before).toEqual(prediction.total.pagesBefore);
      expect(total.after).toEqual(total.before);
      expect(processes.every(({ isSame }) => isSame)).toBe(true);
      expect(foretold?.predicted.windows).toBe(sum(prediction.total.collapses));
      // Without a word on folios nobody knows whether a window is one folio already.
      const { waiting, unseen } = foretold!.missed;
      expect(waiting.windows + unseen.windows).toBe(foretold!.predicted.windows);
      expect(Object.values(foretold!.surprises)).toEqual(SURPRISES.map(() => 0));
    }),
  );
});

test('every page that is resident is accounted for', async () => {
  await fc.assert(
    fc.asyncProperty(rangePairs, async ({ geometry, before, after }) => {
      const { total } = await differenceOf(geometry, memoryOf(before), memoryOf(after));
      const came = total.touched + total.filled + total.swappedIn;
      const went = total.freed + total.swappedOut;
      expect(sum(total.after)).toBe(sum(total.before) + came - went);
      const stayed = sum(total.before) - went;
      expect(sum(total.collapsed) + total.split).toBeLessThanOrEqual(stayed);
      expect(total.unseen === 0 || total.unseen === sum(total.before) + came).toBe(true);
    }),
  );
});

test('what a plan does has come true, all of it, and nothing besides', async () => {
  const planned = fc
    .constantFrom(...GEOMETRIES)
    .chain((geometry) => fc.record({ runPolicy: runPolicies(geometry), range: ranges(geometry) }))
    .filter(({ range }) => range.folioOrders !== undefined && range.pmdMapped !== undefined);
  let collapses = 0;
  await fc.assert(
    fc.asyncProperty(planned, async ({ runPolicy, range }) => {
      const { geometry } = range;
      let after = range;
      await predictMemory(streamOf(memoryOf(range)), geometry, runPolicy, {
        onVerdict: (_, { plan }) => {
          if (!plan) return;
          collapses += collapsesOf(plan).length;
          after = applyPlan(range, plan);
        },
      });
      const { foretold } = await differenceOf(geometry, memoryOf(range), memoryOf(after), runPolicy);
      expect(foretold?.happened).toEqual(foretold?.predicted);
      for (const miss of MISSES) expect(foretold?.missed[miss], miss).toEqual({ windows: 0, pages: 0 });
      expect(Object.values(foretold!.surprises)).toEqual(SURPRISES.map(() => 0));
    }),
    { numRuns: 300 },
  );
  expect(collapses).toBeGreaterThan(20);
});

/** The difference that one known range makes. */
async function changesOf(before: RangeText, after: RangeText, runPolicy?: RunPolicy) {
  const of = (text: RangeText) => [processItem(1), vmaItem(), knownRanges([text])];
  const { total, foretold } = await differenceOf(x86_64, of(before), of(after), runPolicy);
  return { ...total, foretold };
}

describe('one range', () => {
  test.each<[string, RangeText, RangeText, object]>([
    [
      'collapsed to 64K',
      { present: '0-9' },
      { present: '0-15', folios: ['4@0-15'] },
      { collapsed: [0, 0, 0, 0, 10, 0, 0, 0, 0, 0], filled: 6, touched: 0, split: 0 },
    ],
    [
      'new pages in a folio of their own',
      { present: '0' },
      { present: '0,16-31', folios: ['4@16-31'] },
      { filled: 0, touched: 16, ranges: { changed: 1 } },
    ],
    [
      'split, and partly freed',
      { present: '0-511', pmdMapped: true },
      { present: '0-255', folios: ['4@0-15'] },
      { split: 256, freed: 256, ranges: { split: 1, freed: 1 } },
    ],
    ['swapped out', { present: '0-3' }, { present: '2-3', swap: '0-1' }, { swappedOut: 2, freed: 0 }],
    ['swapped in', { present: '2-3', swap: '0-1' }, { present: '0-3' }, { swappedIn: 2, touched: 0 }],
  ])('%s', async (_, before, after, expected) => {
    expect(await changesOf(before, after)).toMatchObject(expected);
  });

  test('whose folios nobody saw is not said to have collapsed, but where a PMD entry is new', async () => {
    const unseen = (pmdMapped: boolean | undefined) =>
      rangeOf({ present: '0-511', pmdMapped, folios: undefined, address: 0 });
    const of = async (before: RangeState, after: RangeState) =>
      (await differenceOf(x86_64, memoryOf(before), memoryOf(after))).total;
    const seen = rangeOf({
      present: '0-511',
      folios: ['4@0-15'],
      pmdMapped: false,
      address: 0,
    });
    expect(await of(unseen(false), seen)).toMatchObject({ unseen: 512, split: 0 });
    expect(sum((await of(unseen(false), seen)).collapsed)).toBe(0);
    expect((await of(unseen(false), unseen(true))).collapsed[9]).toBe(512);
  });
});

describe('collapses that were not predicted', () => {
  const policy = runPolicyOf({ orders: '4', maxPtesNone: 0 });
  test.each<[string, RangeText, RangeText]>([
    ['refused', { present: '0-9' }, { present: '0-15', folios: ['4@0-15'] }],
    ['changed', { present: '0-9,64' }, { present: '0-15', folios: ['4@0-15'] }],
    [
      'later',
      { present: '0-15,32-40' },
      {
        present: '0-15,32-47',
        folios: ['4@0-15', '4@32-47'],
      },
    ],
  ])('%s', async (surprise, before, after) => {
    const { foretold } = await changesOf(before, after, policy);
    expect(foretold?.surprises[surprise as 'refused']).toBeGreaterThan(0);
  });
});

describe('processes', () => {
  const range = knownRanges([{ present: '0-99' }]);
  const more = knownRanges([{ present: '0-199' }]);
  const redis = { command: 'redis', cgroup: '/system.slice/redis.service' };
  const of = (pid: number, item: MemoryItem, startTime = 1) => [
    processItem(pid, { ...redis, startTime }),
    vmaItem(),
    item,
  ];

  test('of another boot, or with dropped identities, are matched by service and command, and only added up', async () => {
    for (const boots of [
      [BOOT, `${BOOT.slice(0, -1)}c`],
      ['', ''],
      ['00000000-0000-0000-0000-000000000000', '00000000-0000-0000-0000-000000000000'],
    ] as const) {
      const { processes, total } = await differenceOf(x86_64, of(7, range), of(7, more), undefined, boots);
      expect(processes).toMatchObject([{ before: { pid: 7 }, after: { pid: 7 }, isSame: false, vmas: [] }]);
      expect(total).toMatchObject({ touched: 0, freed: 0 });
      expect([sum(total.before), sum(total.after)]).toEqual([100, 200]);
    }
  });

  test('that were started again are paired by size; what is predicted of them is not compared', async () => {
    const policy = runPolicyOf({ orders: '4', maxPtesNone: 0 });
    const before = [...of(7, range), ...of(8, more), processItem(9, { command: 'cron' }), vmaItem(), range];
    const after = [
      ...of(17, range, 5),
      ...of(18, more, 5),
      processItem(1, { command: 'init' }),
      vmaItem(),
      range,
    ];
    const { processes, foretold } = await differenceOf(x86_64, before, after, policy);
    const pairs = processes.map(({ before: was, after: is }) => [was?.pid, is?.pid]);
    expect(pairs).toEqual(
      expect.arrayContaining([
        [8, 18],
        [7, 17],
        [9, undefined],
        [undefined, 1],
      ]),
    );
    expect(foretold?.absent.windows).toBe(6 + 12 + 6);
    expect(foretold?.predicted.windows).toBe(0);
  });

  test('whose VMAs were moved, cut and joined keep the ranges that stayed', async () => {
    const PMD = rangeBytes(x86_64);
    const at = (address: number, present = '0-9') =>
      rangeOf({ present, folios: [], pmdMapped: false, address });
    const vma = (start: number, end: number) => vmaItem({ start, end });
    const before = [
      processItem(1),
      vma(0, PMD),
      rangesItem(at(0)),
      vma(PMD, 2.5 * PMD),
      rangesItem(at(PMD), at(2 * PMD, '0-3')),
      vma(2.5 * PMD, 3 * PMD),
      rangesItem(at(2 * PMD, '300-309')),
      vma(8 * PMD, 9 * PMD),
      rangesItem(at(8 * PMD)),
    ];
    const after = [
      processItem(1),
      vma(0, 2 * PMD),
      rangesItem(at(0), at(PMD)),
      vma(2.5 * PMD, 3 * PMD),
      rangesItem(at(2 * PMD, '300-319')),
      vma(4 * PMD, 5 * PMD),
      rangesItem(at(4 * PMD)),
    ];
    const { processes, total } = await differenceOf(x86_64, before, after);
    // Ten pages at 8 PMD and four below 2.5 PMD are gone, ten of each of two places are new.
    expect(total).toMatchObject({ freed: 14, touched: 20, ranges: { freed: 2, changed: 4 } });
    expect(processes[0].vmas.map(({ vma: { start } }) => start / PMD)).toEqual([0, 2.5, 4, 8]);
  });
});
