import koffi from 'koffi';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { type RangeState, unknownFacts } from '../../src/core/memory/range-state.ts';
import type { MemoryItem, MemorySource } from '../../src/core/rules/memory-source.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { SHARES_ZERO_PAGE } from '../support/zero-page.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';

const RANGE = 2 << 20;
const NOBODY = 65534;
const PR_SET_DUMPABLE = 4;
const binary = buildOccupant();
const isRoot = process.geteuid?.() === 0;
if (!binary) console.warn('no C compiler: live memory of known occupancy is not tested');

/** What a source shows of one process, by range address. */
interface Seen {
  readonly vmas: Vma[];
  readonly ranges: Map<number, RangeState>;
  readonly items: MemoryItem[];
}

async function open(pids: number[], address?: number): Promise<MemorySource> {
  const source = await openLiveSource(RUNNING_KERNEL, pids, new Date(0), { address });
  if (!source.ok) throw new Error(source.failure.message);
  return source.value;
}

async function look(pids: number[], address?: number): Promise<Seen> {
  const seen: Seen = { vmas: [], ranges: new Map(), items: [] };
  for await (const item of (await open(pids, address)).items()) {
    seen.items.push(item);
    if (item.kind === 'vma') seen.vmas.push(item.vma);
    if (item.kind === 'ranges') for (const range of item.ranges) seen.ranges.set(range.address, range);
  }
  return seen;
}

/** Looks with the rights of an ordinary user, who owns the occupant. */
async function lookAsNobody(pids: number[]): Promise<Seen> {
  await look([process.pid]); // loads what only root can load from a private checkout
  process.setegid?.(NOBODY);
  process.seteuid?.(NOBODY);
  // A process that changes its user may not look at itself; an ordinary one may.
  koffi.load(null).func('int prctl(int option, unsigned long value)')(PR_SET_DUMPABLE, 1);
  try {
    return await look(pids);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

function pages(bitmap: Uint32Array | undefined): string | undefined {
  return bitmap && formatPages(bitmap);
}

const readers = [
  { reader: 'root', skip: !isRoot, uid: undefined, see: look },
  { reader: 'an ordinary user', skip: !isRoot, uid: NOBODY, see: lookAsNobody },
];

describe.runIf(binary).each(readers)(
  'memory of known occupancy, read by $reader',
  ({ reader, skip, uid, see }) => {
    let occupant: Occupant;
    beforeAll(async () => {
      if (!skip) occupant = await startOccupant({ uid, gid: uid });
    });
    afterAll(() => occupant?.stop());
    const knows = reader === 'root';

    test.skipIf(skip)('shows touched pages, zero pages and holes page for page', async () => {
      const base = await occupant.map('map 3 nohugepage');
      await occupant.must(`touch ${base} 0-15,100,511`);
      await occupant.must(`read ${base} 16-20,510`);
      await occupant.must(`touch ${base + RANGE} 0-511:1/4`);
      await occupant.must(`drop ${base + RANGE} 0-63`);
      const { ranges } = await see([occupant.pid]);

      const first = ranges.get(base);
      expect(pages(first?.facts.present)).toBe('0-20,100,510-511');
      expect(pages(first?.facts.zero)).toBe(SHARES_ZERO_PAGE ? '16-20,510' : '');
      expect(pages(first?.facts.shared)).toBe('');
      expect(pages(first?.facts.swap)).toBe('');
      expect(first?.pmdMapped).toBe(false);
      const second = pages(ranges.get(base + RANGE)?.facts.present);
      expect(second).toBe(Array.from({ length: 112 }, (_, i) => 64 + 4 * i).join(','));
      expect(ranges.has(base + 2 * RANGE)).toBe(false);
    });

    test.skipIf(skip)('names what it cannot see', async () => {
      const base = await occupant.map('map 1 nohugepage');
      await occupant.must(`touch ${base} 0-511`);
      const { ranges, items } = await see([occupant.pid]);
      const range = ranges.get(base) as RangeState;
      // Root sees locks where it looks at frames, which it does only if folios can be behind them.
      const unseen = unknownFacts(range).filter((fact) => !(knows && fact === 'locked'));
      expect(unseen).toEqual(knows ? ['pinned'] : ['pinned', 'locked', 'folioOrders']);
      expect(items.filter(({ kind }) => kind === 'note')).toHaveLength(knows ? 0 : 1);
    });

    test.skipIf(skip)('tells a PMD-mapped THP from one mapped by PTEs and from a part of one', async () => {
      const base = await occupant.map('map 3');
      for (const index of [0, 1, 2]) {
        await occupant.must(`touch ${base + index * RANGE} 0-511`);
        await occupant.must(`thp ${base + index * RANGE}`);
      }
      await occupant.must(`split ${base + RANGE}`);
      await occupant.must(`split ${base + 2 * RANGE}`);
      await occupant.must(`drop ${base + 2 * RANGE} 0-99,200`);
      const { ranges } = await see([occupant.pid]);
      expect([0, 1, 2].map((index) => ranges.get(base + index * RANGE)?.pmdMapped)).toEqual([
        true,
        false,
        false,
      ]);
      expect(pages(ranges.get(base + 2 * RANGE)?.facts.present)).toBe('100-199,201-511');
      const orders = [0, 1, 2].map((index) => ranges.get(base + index * RANGE)?.folioOrders);
      if (!knows) return expect(orders).toEqual([undefined, undefined, undefined]);
      expect(orders[1]).toEqual(new Uint8Array(512).fill(9));
      expect(orders[2]?.filter((order) => order === 9)).toHaveLength(411);
      expect(orders[2]?.[50]).toBe(0);
    });

    test.skipIf(skip)(
      'shows pages shared by fork, and large folios as shared or not as a whole',
      async () => {
        const base = await occupant.map('map 3');
        await occupant.must(`touch ${base} 0-9`);
        for (const index of [1, 2]) {
          await occupant.must(`touch ${base + index * RANGE} 0-511`);
          await occupant.must(`thp ${base + index * RANGE}`);
        }
        await occupant.must(`fork ${base}`);
        await occupant.must('fork-touch 0-3');
        // The child now has its own copy of pages 0-3 and of one page of the second THP, which splits its
        // mapping there.
        await occupant.must(`touch ${base} 100`);
        const { ranges } = await see([occupant.pid]);
        expect(pages(ranges.get(base)?.facts.shared)).toBe('4-9');
        expect(pages(ranges.get(base + RANGE)?.facts.shared)).toBe('0-511');
        await occupant.must('reap');
        const after = await see([occupant.pid]);
        expect(pages(after.ranges.get(base)?.facts.shared)).toBe('');
        expect(pages(after.ranges.get(base + RANGE)?.facts.shared)).toBe('');
      },
    );

    test.skipIf(skip)(
      'numbers the pages that two processes share, so that both have one of each',
      async () => {
        const base = await occupant.map('map 2 nohugepage');
        await occupant.must(`touch ${base} 0-9,20-25`);
        const { child } = await occupant.must(`fork ${base}`);
        await occupant.must('fork-touch 0-3');
        const { items } = await see([occupant.pid, child as number]);
        await occupant.must('reap');
        const [first, second] = items.flatMap((item) =>
          item.kind === 'ranges' ? item.ranges.filter(({ address }) => address === base) : [],
        );
        if (!knows) return expect([first.sharedRuns, second.sharedRuns]).toEqual([undefined, undefined]);
        expect(first.sharedRuns).toMatchObject([
          { offset: 4, pages: 6, mappings: 2, repeats: false },
          { offset: 20, pages: 6, mappings: 2, repeats: false },
        ]);
        expect(second.sharedRuns).toEqual(first.sharedRuns?.map((run) => ({ ...run, repeats: true })));
      },
    );

    test.skipIf(skip)('does not call a folio shared that a VMA edge cuts in two', async () => {
      const base = await occupant.map('map 1');
      await occupant.must(`touch ${base} 0-511`);
      await occupant.must(`thp ${base}`);
      await occupant.must(`mlock ${base} 0-99`);
      const parts = (await see([occupant.pid])).items.flatMap((item) =>
        item.kind === 'ranges' ? item.ranges : [],
      );
      const ofBase = parts.filter(({ address }) => address === base);
      expect(ofBase.map(({ facts: { present } }) => pages(present))).toEqual(['0-99', '100-511']);
      expect(ofBase.map(({ facts: { shared } }) => pages(shared))).toEqual(['', '']);
    });

    test.skipIf(skip)('shows MADV_FREE pages to root and says so to others', async () => {
      const base = await occupant.map('map 1 nohugepage');
      await occupant.must(`touch ${base} 0-31`);
      // New pages and freed pages wait in per-CPU batches; MADV_COLLAPSE drains them, as khugepaged does.
      const other = await occupant.map('map 2');
      await occupant.must(`touch ${other} 0,512`);
      await occupant.must(`thp ${other}`);
      await occupant.must(`free ${base} 8-11`);
      await occupant.must(`thp ${other + RANGE}`);
      const range = (await see([occupant.pid])).ranges.get(base);
      expect(pages(range?.facts.lazyfree)).toBe(knows ? '8-11' : undefined);
    });

    test.skipIf(skip)('shows guard markers as not present', async ({ skip }) => {
      const base = await occupant.map('map 1 nohugepage');
      await occupant.must(`touch ${base} 0-31`);
      const guarded = await occupant.command(`guard ${base} 40-43`);
      if (!guarded.ok) return skip('guard markers came with Linux 6.13');
      const range = (await see([occupant.pid])).ranges.get(base);
      expect(pages(range?.facts.swap)).toBe('40-43');
      expect(pages(range?.facts.guard)).toBe('40-43');
    });

    test.skipIf(skip)('shows pages that userfaultfd write-protects', async ({ skip }) => {
      const base = await occupant.map('map 1 nohugepage');
      await occupant.must(`touch ${base} 0-31`);
      const protectedPages = await occupant.command(`uffd ${base} 1 wp 4-7`);
      if (!protectedPages.ok) return skip('userfaultfd is not permitted here');
      const range = (await see([occupant.pid])).ranges.get(base);
      expect(range?.uffdArmed).toBe(true);
      expect(pages(range?.facts.uffd)).toBe('4-7');
    });

    test.skipIf(skip)('shows at the edges of a VMA only what lies inside it', async () => {
      const report = await occupant.must('map-unaligned 10 1 20 nohugepage');
      const start = Number(report.start);
      const base = Number(report.address);
      await occupant.must(`touch ${start} 0-541`);
      const { ranges, vmas } = await see([occupant.pid]);
      expect(pages(ranges.get(base - RANGE)?.facts.present)).toBe('502-511');
      expect(pages(ranges.get(base)?.facts.present)).toBe('0-511');
      expect(pages(ranges.get(base + RANGE)?.facts.present)).toBe('0-19');
      const vma = vmas.find((each) => each.start === start);
      expect(vma).toMatchObject({ end: base + RANGE + 20 * 4096, anonymous: true, rssBytes: 542 * 4096 });
      expect(vma?.flags).toContain('nh');
    });

    test.skipIf(skip)('finds the few pages of a large reservation', async () => {
      const base = await occupant.map('map 2000 nohugepage');
      await occupant.must(`touch ${base + 700 * RANGE} 5`);
      await occupant.must(`touch ${base + 1999 * RANGE} 511`);
      const { ranges } = await see([occupant.pid]);
      const inside = [...ranges.values()].filter(
        ({ address }) => address >= base && address < base + 2000 * RANGE,
      );
      expect(
        inside.map(({ address, facts: { present } }) => [(address - base) / RANGE, pages(present)]),
      ).toEqual([
        [700, '5'],
        [1999, '511'],
      ]);
    });
  },
);

describe.runIf(binary && isRoot)('the one range around an address', () => {
  test('is all that is read', async () => {
    const occupant = await startOccupant();
    const base = await occupant.map('map 4 nohugepage');
    await occupant.must(`touch ${base} 0-2047`);
    const { ranges, vmas } = await look([occupant.pid], base + 2 * RANGE + 4096);
    await occupant.stop();
    expect([...ranges.keys()]).toEqual([base + 2 * RANGE]);
    expect(vmas).toHaveLength(1);
  });
});

describe('processes that cannot be read', () => {
  test('come out as skipped, with what to do', async () => {
    const failures = (await look([2 ** 22, 2])).items.filter((item) => item.kind === 'skipped');
    expect(failures[0]).toMatchObject({ pid: 2 ** 22, failure: { kind: 'unreadable' } });
    expect(failures[0].kind === 'skipped' && failures[0].failure.message).toMatch(/no such process/);
    expect(failures).toHaveLength(2);
  });

  test.runIf(binary && isRoot)('include those of other users', async () => {
    const occupant = await startOccupant();
    const { items } = await lookAsNobody([occupant.pid]);
    await occupant.stop();
    const skipped = items.find((item) => item.kind === 'skipped');
    expect(skipped).toMatchObject({ failure: { kind: 'permission' } });
  });

  test.runIf(binary && isRoot)('include one that ends while it is read', async () => {
    const occupant = await startOccupant();
    const base = await occupant.map('map 600 nohugepage');
    for (let index = 0; index < 600; index++) await occupant.must(`touch ${base + index * RANGE} 0`);
    let ranges = 0;
    let skipped: MemoryItem | undefined;
    for await (const item of (await open([occupant.pid])).items()) {
      if (item.kind === 'ranges' && ++ranges === 1) await occupant.stop();
      if (item.kind === 'skipped') skipped = item;
    }
    expect(skipped).toMatchObject({ pid: occupant.pid, failure: { kind: 'unreadable' } });
  });
});
