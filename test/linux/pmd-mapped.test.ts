import { describe, expect, test } from 'vitest';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { kernelTree, machineFiles, type Pages, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const RANGE = rangeBytes(x86_64);
const START = 64 * RANGE;
/** Mapped by somebody else too, or the zero page. */
const NOT_EXCLUSIVE = 1n << 63n;

/** A kernel before 6.7: process 7 has four full ranges and one of 100 pages, so much of it mapped by PMDs. */
function tree(hugeKb: number, files = {}, last = PRESENT) {
  const pages = new Map<number, bigint>();
  for (let i = 0; i < 4 * 512 + 100; i++) pages.set(START / 4096 + i, i < 3 * 512 ? PRESENT : last);
  const rss = (4 * 512 + 100) * 4;
  const sums = { Rss: rss, Referenced: rss, AnonHugePages: hugeKb };
  const vma = { start: START, end: START + 5 * RANGE, sums };
  return kernelTree({
    ...machineFiles(x86_64, { 'proc/sys/kernel/osrelease': '5.14.0\n' }),
    ...processFiles(7, { vmas: [vma], pages }),
    ...files,
  });
}

async function read(from: ReturnType<typeof kernelTree>) {
  const source = valueOf(await openLiveSource(from, [7], new Date(0)));
  const items: MemoryItem[] = [];
  for await (const item of source.items()) items.push(item);
  const ranges = items.flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
  const process = items.find((item) => item.kind === 'process')?.process;
  async function* again() {
    yield* items;
  }
  const runPolicy = {
    settings: { ...defaultSettings(x86_64), enabled: 'always' as const },
    model: KERNEL_MODELS['linux-6.6'],
    algorithm: ALGORITHMS.walk,
    outcomes: [],
  };
  const { total } = await predictMemory(again(), x86_64, runPolicy);
  return {
    pmdMapped: ranges.map((range) => range.pmdMapped),
    unplaced: process?.unplacedHugeBytes,
    huge: total.pagesBefore[9],
    collapses: total.collapses[9],
  };
}

describe('without PAGEMAP_SCAN, memory mapped by PMD entries shows in smaps', () => {
  test('all of it, where every range that can be is', async () => {
    expect(await read(tree(4 * 2048))).toEqual({
      pmdMapped: [true, true, true, true, false],
      unplaced: 0,
      huge: 4 * 512,
      collapses: 1,
    });
  });

  test('none of it', async () => {
    const found = await read(tree(0));
    expect(found.pmdMapped).toEqual([false, false, false, false, false]);
    expect(found).toMatchObject({ unplaced: 0, huge: 0 });
  });

  test('how much and not where, in between', async () => {
    const found = await read(tree(2 * 2048));
    expect(found.pmdMapped).toEqual([undefined, undefined, undefined, undefined, false]);
    expect(found.unplaced).toBe(2 * RANGE);
    const { stdout } = await thpscope(['predict', '-p', '7'], '', { kernelRoot: tree(2 * 2048).root });
    expect(stdout).toMatch(/huge, unseen +4M are mapped by PMD entries already/);
  });

  test('but not where the pages may be the huge zero page, which no sum counts', async () => {
    const found = await read(tree(3 * 2048, {}, NOT_EXCLUSIVE));
    expect(found.pmdMapped).toEqual([true, true, true, undefined, false]);
  });

  test('where folios are visible, only in ranges of one folio', async () => {
    const frame = (page: number) => 0x1000 + page;
    const pages: Pages = new Map(
      Array.from({ length: 4 * 512 + 100 }, (_, i) => [START / 4096 + i, PRESENT | BigInt(frame(i))]),
    );
    const [HEAD, TAIL, LARGE, ANON, SWAP_BACKED] = [15n, 16n, 22n, 12n, 14n].map((bit) => 1n << bit);
    // Two ranges are one folio each, the others small pages.
    const flags: Pages = new Map(
      Array.from({ length: 4 * 512 + 100 }, (_, i) => {
        const folio = i < 1024 ? LARGE | (i % 512 === 0 ? HEAD : TAIL) : 0n;
        return [frame(i), ANON | SWAP_BACKED | folio];
      }),
    );
    const counts: Pages = new Map([...flags.keys()].map((each) => [each, 1n]));
    const own = new Map([[0x400000 / 4096, PRESENT | 0x99n]]);
    const found = await read(
      tree(2 * 2048, {
        'proc/7/pagemap': pages,
        'proc/kpageflags': flags,
        'proc/kpagecount': counts,
        'proc/self/pagemap': own,
      }),
    );
    expect(found.pmdMapped).toEqual([true, true, false, false, false]);
    expect(found).toMatchObject({ unplaced: 0, huge: 1024 });
  });
});
