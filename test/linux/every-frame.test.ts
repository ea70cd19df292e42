import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { LargeFolioCounters } from '../../src/linux/pages/large-folios.ts';
import { readOne } from '../../src/linux/processes/process-reader.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';
import { counters, readerTools } from './reader-tools.ts';

/** What kernel-lab/live/every-frame.mjs, which also runs in guests, says of a process. */
interface Compared {
  readonly ranges: number;
  readonly pages: number;
  readonly unknown: readonly string[];
  readonly differing: readonly string[];
}

const RANGE = 2 << 20;
const possible = buildOccupant() !== undefined && process.geteuid?.() === 0;
const script = pathToFileURL(join(process.cwd(), 'kernel-lab/live/every-frame.mjs')).href;

async function compare(pid: number, largeFolios: LargeFolioCounters | undefined): Promise<Compared> {
  const { compareReaders } = (await import(/* @vite-ignore */ script)) as {
    compareReaders: (source: { items(): Iterable<MemoryItem> }, pid: number) => Promise<Compared>;
  };
  const tools = await readerTools(largeFolios);
  return compareReaders({ items: () => readOne(pid, tools, undefined) }, pid);
}

describe.runIf(possible)('a reader says what a look at every entry and every frame says', () => {
  let occupant: Occupant;
  beforeEach(async () => {
    occupant = await startOccupant();
  });
  afterEach(() => occupant?.stop());

  async function map(what: string): Promise<number> {
    return occupant.map(`map ${what}`);
  }

  async function hugePages(base: number, first: number, past: number): Promise<void> {
    for (let index = first; index < past; index++) {
      await occupant.must(`touch ${base + index * RANGE} 0-511`);
      await occupant.must(`thp ${base + index * RANGE}`);
    }
  }

  /** Memory in every state that has no large folio but those that PMD entries map. */
  async function fill(): Promise<void> {
    const plain = await map('2 nohugepage');
    await occupant.must(`touch ${plain} 0-15,100,511,600-900:1/2`);
    await occupant.must(`read ${plain} 20-24`);
    const huge = await map('3');
    await hugePages(huge, 0, 2);
    await occupant.must(`touch ${huge + 2 * RANGE} 3-9`);
    const freed = await map('1 nohugepage');
    await occupant.must(`touch ${freed} 0-31`);
    await occupant.must(`free ${freed} 8-11`);
    const guarded = await map('1 nohugepage');
    await occupant.must(`touch ${guarded} 0-31`);
    await occupant.command(`guard ${guarded} 40-43`);
    const armed = await map('1 nohugepage');
    await occupant.must(`touch ${armed} 0-31`);
    await occupant.command(`uffd ${armed} 1 wp 4-7,40`);
    const edge = Number((await occupant.must('map-unaligned 10 1 20 nohugepage')).start);
    await occupant.must(`touch ${edge} 0-541`);
    const sparse = await map('20 nohugepage');
    await occupant.must(`touch ${sparse + 17 * RANGE} 5`);
  }

  /** Huge pages that PTEs map: whole, in part, and cut by the edge of a VMA. */
  async function fillSplit(): Promise<void> {
    const huge = await map('3');
    await hugePages(huge, 0, 3);
    for (const index of [1, 2]) await occupant.must(`split ${huge + index * RANGE}`);
    await occupant.must(`drop ${huge + 2 * RANGE} 0-99,200`);
    const cut = await map('1');
    await hugePages(cut, 0, 1);
    await occupant.must(`mlock ${cut} 0-99`);
  }

  test.each([
    ['PMD entries map every large folio', 10, ['lazyfree', 'locked']],
    ['the smallest folios have the PMD size', 9, ['lazyfree', 'locked']],
    ['folios of any size may be there', 0, ['lazyfree']],
  ])('of private memory where %s', async (_, smallest, mayBeUnknown) => {
    await fill();
    if (smallest < 10) await fillSplit();
    await occupant.suspend();
    const { differing, unknown, pages } = await compare(occupant.pid, counters(smallest));
    expect(differing).toEqual([]);
    expect(pages).toBeGreaterThan(2 * 512);
    // Marks of MADV_FREE may wait in a batch of their CPU.
    expect(unknown.filter((fact) => !mayBeUnknown.includes(fact))).toEqual([]);
  });

  test.each([10, 9, 0])('of memory that two processes share, smallest order %d', async (smallest) => {
    const base = await map('3');
    await occupant.must(`touch ${base} 0-9`);
    await hugePages(base, 1, 3);
    const { child } = await occupant.must(`fork ${base}`);
    // The child maps the rest of both huge pages by PTEs, its parent by a PMD entry still.
    await occupant.must('fork-touch 0-3,600,1024');
    await occupant.suspend();
    for (const pid of [occupant.pid, child as number])
      expect((await compare(pid, counters(smallest))).differing).toEqual([]);
    await occupant.resume();
  });
});
