import { expect, test } from 'vitest';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, fullOccupancy, setPages } from '../../src/core/memory/occupancy.ts';
import { pageFacts, type RangeState } from '../../src/core/memory/range-state.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { PageSearch } from '../../src/linux/pages/page-search.ts';
import type { SmapsVma } from '../../src/linux/pages/smaps.ts';
import { kernelTree, machineFiles, PRESENT, processFiles, SWAPPED } from '../support/kernel-tree.ts';
import { valueOf } from '../support/ranges.ts';

const RANGE = rangeBytes(x86_64);
const PAGE = 4096;

function search(rssPages: number, swapPages = 0, flags: string[] = [], ranges = 1000): PageSearch {
  const sums = { rssBytes: rssPages * PAGE, swapBytes: swapPages * PAGE };
  return new PageSearch({ start: 0, end: ranges * RANGE, flags, ...sums } as unknown as SmapsVma, x86_64);
}

function range(facts: Partial<Record<'present' | 'swap' | 'zero' | 'shared' | 'guard', [number, number]>>) {
  const bitmap = (run: [number, number] | undefined) => {
    const bits = emptyOccupancy(x86_64);
    if (run) setPages(bits, ...run);
    return bits;
  };
  const [present, swap] = [bitmap(facts.present), bitmap(facts.swap)];
  const of = (fact: string) =>
    fact === 'zero' || fact === 'guard'
      ? facts[fact] && bitmap(facts[fact])
      : fact === 'shared'
        ? bitmap(facts.shared)
        : undefined;
  return { facts: pageFacts({ present, swap }, of) } as RangeState;
}

test('a sparse VMA is read until its pages and swap entries are found', () => {
  const pages = search(10, 2);
  expect(pages.isOver).toBe(false);
  pages.add([range({ present: [0, 10], guard: [0, 0] })]);
  expect(pages.isOver).toBe(false);
  pages.add([range({ swap: [5, 2], guard: [0, 0] })]);
  expect(pages.isOver).toBe(true);
});

test('what no sum counts ends no search: zero pages, what may be one, and guard markers', () => {
  const pages = search(10, 2);
  pages.add([range({ present: [0, 20], zero: [0, 11] }), range({ swap: [0, 4], guard: [0, 3] })]);
  expect(pages.isOver).toBe(false);
  const unknown = search(10);
  unknown.add([range({ present: [0, 20], shared: [0, 11] })]);
  expect(unknown.isOver).toBe(false);
  const unmarked = search(0, 2);
  unmarked.add([range({ swap: [0, 4] })]);
  expect(unmarked.isOver).toBe(false);
});

test('a VMA that is well used, and one with markers of userfaultfd, is read to its end', () => {
  for (const pages of [search(10, 0, [], 0.05), search(10, 0, ['uw'])]) {
    pages.add([
      {
        facts: pageFacts({ present: fullOccupancy(x86_64), swap: emptyOccupancy(x86_64) }, () => undefined),
      } as RangeState,
    ]);
    expect(pages.isOver).toBe(false);
  }
  expect(search(0, 0, ['uw']).isOver).toBe(true);
});

test('of 14 TiB of reserved address space no more is read than holds pages', async () => {
  const start = 64 * RANGE;
  const end = start + 14 * 2 ** 40;
  const pages = new Map([
    [start / PAGE + 3, PRESENT],
    [start / PAGE + 700 * 512, PRESENT],
    [start / PAGE + 700 * 512 + 1, SWAPPED],
  ]);
  const sums = { Rss: 8, Swap: 4, Referenced: 8 };
  const tree = kernelTree({
    ...machineFiles(x86_64, { 'proc/sys/kernel/osrelease': '5.14.0\n' }),
    ...processFiles(7, { vmas: [{ start, end, sums }], pages }),
  });
  const items: MemoryItem[] = [];
  for await (const item of valueOf(await openLiveSource(tree, [7], new Date(0))).items()) items.push(item);
  const found = items.flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
  expect(found.map(({ address }) => (address - start) / RANGE)).toEqual([0, 700]);
});
