import { describe, expect, test } from 'vitest';
import type { Foretold } from '../../src/analysis/difference/foretold.ts';
import { memoryDifference } from '../../src/analysis/difference/memory-difference.ts';
import { RangeTable } from '../../src/analysis/table/range-table.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { Process } from '../../src/core/rules/memory-source.ts';
import type { ThpCounters } from '../../src/core/rules/thp-counters.ts';
import type { ThpSettings } from '../../src/core/rules/thp-settings.ts';
import { type RangeText, rangeOf } from '../support/ranges.ts';
import { knownRanges, processItem, rangesItem, runPolicyOf, streamOf, vmaItem } from './streams.ts';

const bootId = 'c0ffee00-5a0a-4f6f-9d8e-0123456789ab';
/** One size, and no hole may be filled. */
const only64K = runPolicyOf({ orders: '4', maxPtesNone: 0 });
const only2M = runPolicyOf({ orders: '9', maxPtesNone: 511 });

/** What may be said of two readings of a process beside its ranges. */
interface Around {
  readonly policy?: typeof only64K;
  /** In force at the first reading; those asked about by default, so that the process is on the list. */
  readonly settings?: ThpSettings;
  readonly counters?: ThpCounters;
  readonly process?: Partial<Process>;
}

const ROUNDS = { 'khugepaged/full_scans': 2 };

/** What became of what was predicted of ranges, after two rounds of khugepaged if nothing else is said. */
async function fateOf(
  before: readonly RangeText[],
  after: readonly RangeText[],
  { policy = only64K, settings = policy.settings, counters = ROUNDS, process = {} }: Around = {},
): Promise<Foretold> {
  const of = (ranges: readonly RangeText[]) => [processItem(1, process), vmaItem(), knownRanges(ranges)];
  const table = new RangeTable(x86_64);
  for (const item of of(before)) table.add(item);
  const zero = Object.fromEntries(Object.keys(counters).map((name) => [name, 0]));
  const machine = { kernelRelease: '7.3' };
  const { foretold } = await memoryDifference(
    table,
    { bootId, geometry: x86_64, counters: zero },
    streamOf(of(after)),
    { bootId, geometry: x86_64, counters },
    {
      runPolicy: policy,
      surroundings: { ...machine, settings },
      laterSurroundings: { ...machine, settings: policy.settings },
    },
  );
  return foretold!;
}

/** Windows by the reason why they were missed. */
function missesOf({ missed }: Foretold): Record<string, number> {
  const counts = Object.entries(missed).map(([miss, { windows }]) => [miss, windows] as const);
  return Object.fromEntries(counts.filter(([, windows]) => windows > 0));
}

const FULL = [{ present: '0-15' }];
const NO_SIZES = runPolicyOf({ orders: '' }).settings;

describe('why a prediction did not come true', () => {
  test.each<[string, RangeText, RangeText, Around, Record<string, number>]>([
    ['freed', FULL[0], { present: '32' }, {}, { freed: 1 }],
    ['in smaller folios than was said', FULL[0], { present: '0-15', folios: ['3@0-7'] }, {}, { smaller: 1 }],
    ['other pages are there', { present: '0-15,99' }, FULL[0], {}, { changed: 1 }],
    ['no second round yet', FULL[0], FULL[0], { counters: { 'khugepaged/full_scans': 1 } }, { waiting: 1 }],
    ['no counters', FULL[0], FULL[0], { counters: {} }, { waiting: 1 }],
    ['nothing tells', FULL[0], FULL[0], {}, { hidden: 1 }],
    ['not on the list', FULL[0], FULL[0], { settings: NO_SIZES }, { unlisted: 1 }],
    ['pinned memory', FULL[0], FULL[0], { process: { pinnedBytes: 4096 } }, { pinned: 1 }],
    [
      'too little of it',
      { present: '0-31' },
      { present: '0-31' },
      { process: { pinnedBytes: 4096 } },
      { hidden: 2 },
    ],
    ['memory merged by KSM', FULL[0], FULL[0], { process: { ksmBytes: 8192 } }, { merged: 1 }],
    [
      'no memory for the size',
      FULL[0],
      FULL[0],
      { counters: { ...ROUNDS, 'hugepages-64kB/stats/collapse_alloc_failed': 3 } },
      { allocation: 1 },
    ],
    [
      'no memory for another size',
      FULL[0],
      FULL[0],
      {
        counters: {
          ...ROUNDS,
          'hugepages-64kB/stats/collapse_alloc_failed': 0,
          'vmstat/thp_collapse_alloc_failed': 3,
        },
      },
      { hidden: 1 },
    ],
  ])('%s', async (_, before, after, around, expected) => {
    const foretold = await fateOf([before], [after], around);
    expect(missesOf(foretold)).toEqual(expected);
    expect(foretold.happened.windows).toBe(0);
  });

  test.each<[string, RangeText, string]>([
    ['a page is gone', { present: '1-15' }, 'no-window'],
    ['a page is locked', { present: '0-15', locked: '3' }, 'SCAN_PAGE_LOCK'],
    ['a page is shared', { present: '0-15', shared: '3' }, 'SCAN_EXCEED_SHARED_PTE'],
    ['a page was marked free', { present: '0-15', lazyfree: '3' }, 'SCAN_PAGE_LAZYFREE'],
  ])('khugepaged refuses it as it is now: %s', async (_, after, refusal) => {
    const { missed, refusals } = await fateOf(FULL, [after]);
    expect(missed.refused.windows).toBe(1);
    expect([...refusals]).toEqual([[refusal, { windows: 1, pages: 16 }]]);
  });

  test('which pages were used lately was not seen', async () => {
    const known = { present: '0-15', folios: [], pmdMapped: false, zero: '', shared: '', locked: '' };
    const unused = rangeOf({ ...known, pinned: '', lazyfree: '', uffd: '', guard: '', address: 0 });
    const table = new RangeTable(x86_64);
    for (const item of [processItem(1), vmaItem(), rangesItem(unused)]) table.add(item);
    const machine = { kernelRelease: '7.3', settings: only64K.settings };
    const { foretold } = await memoryDifference(
      table,
      { bootId, geometry: x86_64, counters: { 'khugepaged/full_scans': 0 } },
      streamOf([processItem(1), vmaItem(), rangesItem(unused)]),
      { bootId, geometry: x86_64, counters: ROUNDS },
      { runPolicy: only64K, surroundings: machine, laterSurroundings: machine },
    );
    expect(missesOf(foretold!)).toEqual({ unreferenced: 1 });
  });

  test('a process of which anything collapsed is on the list, or that got a huge page of its own', async () => {
    const never = { settings: NO_SIZES };
    const visited = await fateOf([{ present: '0-31' }], [{ present: '0-31', folios: ['4@0-15'] }], never);
    expect(missesOf(visited)).toEqual({ hidden: 1 });
    const faulted = await fateOf(
      FULL,
      [FULL[0], { present: '0-511', folios: ['9@0-511'], pmdMapped: true }],
      {
        ...never,
      },
    );
    expect(missesOf(faulted)).toEqual({ hidden: 1 });
  });
});

describe('what came true stays so', () => {
  test.each<[string, RangeText, number]>([
    ['whole', { present: '0-511', folios: ['9@0-511'], pmdMapped: true }, 0],
    ['a part was given back since', { present: '0-99', folios: ['9@0-99'] }, 1],
    ['a part was given back and touched again', { present: '0-199', folios: ['9@0-99'] }, 1],
  ])('%s', async (_, after, cut) => {
    const foretold = await fateOf([{ present: '0-299' }], [after], { policy: only2M });
    expect(foretold.happened.windows).toBe(1);
    expect(foretold.cut.windows).toBe(cut);
    expect(missesOf(foretold)).toEqual({});
  });

  test('where a huge page with holes was filled and cut again', async () => {
    const holes = { present: '0-299', folios: ['9@0-299'] };
    const foretold = await fateOf([holes], [{ present: '0-399', folios: ['9@0-399'] }], { policy: only2M });
    expect(foretold).toMatchObject({ happened: { windows: 1 }, cut: { windows: 1 } });
  });
});

test('memory that collapsed since its VMA covers the range says so', async () => {
  const only = runPolicyOf({ orders: '9', maxPtesNone: 511 });
  const machine = { kernelRelease: '7.3', settings: only.settings };
  const reading = (pages: number, range: RangeText) => [
    processItem(1),
    vmaItem({ end: pages * 4096 }),
    knownRanges([range]),
  ];
  const outcomeOf = async (pages: number) => {
    const table = new RangeTable(x86_64);
    for (const item of reading(300, { present: '0-299' })) table.add(item);
    const after = reading(pages, { present: '0-511', folios: ['9@0-511'], pmdMapped: true });
    const { foretold } = await memoryDifference(
      table,
      { bootId, geometry: x86_64 },
      streamOf(after),
      { bootId, geometry: x86_64 },
      { runPolicy: only, surroundings: machine, laterSurroundings: machine },
    );
    return foretold!.surprises;
  };
  expect(await outcomeOf(512)).toMatchObject({ vma: 300, 'left-alone': 0 });
  expect(await outcomeOf(511)).toMatchObject({ vma: 0, 'left-alone': 300 });
});
