import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { type RangeState, unknownFacts } from '../../src/core/memory/range-state.ts';
import { kernelTells } from '../../src/linux/kernel/kernel-tells.ts';
import type { PageFlags } from '../../src/linux/pages/page-flags.ts';
import { type ReaderTools, readOne } from '../../src/linux/processes/process-reader.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';
import { counters, readerTools } from './reader-tools.ts';

const RANGE = 2 << 20;
const possible = buildOccupant() !== undefined && process.geteuid?.() === 0;

describe.runIf(possible)('counters of large folios that rule some out', () => {
  let occupant: Occupant;
  let base: number;
  beforeAll(async () => {
    occupant = await startOccupant();
    base = await occupant.map('map 2');
    for (const index of [0, 1]) {
      await occupant.must(`touch ${base + index * RANGE} 0-511`);
      await occupant.must(`thp ${base + index * RANGE}`);
    }
    await occupant.must(`split ${base + RANGE}`);
  });
  afterAll(() => occupant?.stop());

  function read(reader: ReaderTools): RangeState[] {
    const ranges: RangeState[] = [];
    for (const item of readOne(occupant.pid, reader, undefined)) {
      if (item.kind === 'skipped') throw new Error(item.failure.message);
      if (item.kind === 'ranges') ranges.push(...item.ranges);
    }
    return ranges.filter(({ address }) => address >= base && address < base + 2 * RANGE);
  }
  const orders = (ranges: RangeState[]) => ranges.map(({ folioOrders }) => folioOrders?.[300]);
  const locks = (ranges: RangeState[]) => ranges.map(({ facts }) => facts.locked !== undefined);

  test('are believed without a look at a frame of private memory, and locks are not known then', async () => {
    const unread = new Proxy({} as PageFlags, {
      get(_, name) {
        throw new Error(`page flags were read: ${String(name)}`);
      },
    });
    const ranges = read(await readerTools(counters(10), unread));
    expect(orders(ranges)).toEqual([9, 0]);
    expect(ranges.map(({ pmdMapped }) => pmdMapped)).toEqual([true, false]);
    expect(locks(ranges)).toEqual([false, false]);
  });

  test('are not believed where they moved meanwhile: every frame is looked at', async () => {
    const ranges = read(await readerTools(counters(10, ...Array<boolean>(1000).fill(false))));
    expect(orders(ranges)).toEqual([9, 9]);
    expect(locks(ranges)).toEqual([true, true]);
  });

  test('leave the frames to look at that a larger folio may have: one for each of them', async () => {
    expect(orders(read(await readerTools(counters(9))))).toEqual([9, 9]);
  });

  test('are needed: a kernel without them has every frame looked at', async () => {
    const ranges = read(await readerTools(undefined));
    expect(orders(ranges)).toEqual([9, 9]);
    expect(locks(ranges)).toEqual([true, true]);
  });

  test('that move while shared pages are numbered: these are no repeated ones for it', async () => {
    const shared = await occupant.map('map 1 nohugepage');
    await occupant.must(`touch ${shared} 0-9,20-25`);
    await occupant.must(`fork ${shared}`);
    const runs = async (...holds: boolean[]) => {
      const items = [...readOne(occupant.pid, await readerTools(counters(10, ...holds)), shared)];
      return items.flatMap((item) => (item.kind === 'ranges' ? item.ranges.map((r) => r.sharedRuns) : []));
    };
    const still = await runs();
    expect(still[0]).toMatchObject([
      { offset: 0, repeats: false },
      { offset: 20, repeats: false },
    ]);
    expect(await runs(false, true)).toEqual(still);
    expect(await runs(false, false)).toEqual(still);
    await occupant.must('reap');
  });

  /** Where VMAs begin, and ranges of them are, in the order in which they come. */
  async function placesWith(...holds: boolean[]): Promise<string[]> {
    const reader = await readerTools(counters(10, ...holds));
    const places: string[] = [];
    let vma = '';
    for (const item of readOne(occupant.pid, reader, undefined)) {
      if (item.kind === 'vma') places.push((vma = `${item.vma.start}`));
      if (item.kind === 'ranges') places.push(...item.ranges.map(({ address }) => `${vma} has ${address}`));
    }
    return places;
  }

  test('that move for a while: what was scanned then is read again, and nothing is left out', async () => {
    const sparse = await occupant.map('map 400 nohugepage');
    for (let i = 0; i < 400; i += 20) await occupant.must(`touch ${sparse + i * RANGE} ${i}`);
    expect(await placesWith(false, true, false)).toEqual(await placesWith());
  });

  test('that move where a batch ends inside of a PMD range: the VMA that begins there is read whole', async () => {
    const first = await occupant.map('map 129 nohugepage');
    const edge = 127 * 512 + 256;
    await occupant.must(`touch ${first} 0,${edge - 1}-${edge + 9}`);
    await occupant.must(`mlock ${first} ${edge}-${edge + 9}`);
    const still = await placesWith();
    expect(still).toContain(`${first + edge * 4096} has ${first + 127 * RANGE}`);
    for (let held = 0; held < 4; held++)
      expect(await placesWith(...Array<boolean>(held).fill(true), false)).toEqual(still);
  });
});

describe.runIf(possible)('which facts are unknown, by rights and kernel', () => {
  const occupants: Occupant[] = [];
  /**
   * Process and address of a range of small pages, a huge page, one with a marker, one that is shared, one
   * with zero pages, one with MADV_FREE pages.
   */
  let kinds: (readonly [pid: number, address: number])[];
  beforeAll(async () => {
    const [alone, forked] = [await startOccupant(), await startOccupant()];
    occupants.push(alone, forked);
    const base = await alone.map('map 3');
    await alone.must(`touch ${base} 0-9`);
    for (const index of [1, 2]) await alone.must(`touch ${base + index * RANGE} 0-511`);
    await alone.must(`thp ${base + RANGE}`);
    const marked = await alone.map('map 1 nohugepage');
    await alone.must(`touch ${marked} 0-9`);
    // A marker is not present, and without its own mark it might be a guard.
    await alone.must(`uffd ${marked} 1 wp 20-21`);
    const shared = await forked.map('map 1 nohugepage');
    await forked.must(`touch ${shared} 0-9`);
    await forked.must(`fork ${shared}`);
    const zero = await alone.map('map 1 nohugepage');
    await alone.must(`touch ${zero} 0-9`);
    await alone.must(`read ${zero} 20-29`);
    const freed = await alone.map('map 1 nohugepage');
    // The kernel marks them in batches of 31.
    await alone.must(`touch ${freed} 0-99`);
    await alone.must(`free ${freed} 0-63`);
    const own = [base, base + RANGE, marked, zero, freed].map((address) => [alone.pid, address] as const);
    kinds = [...own.slice(0, 3), [forked.pid, shared], ...own.slice(3)];
  });
  afterAll(() => Promise.all(occupants.map((each) => each.stop())));

  const asUser = { flags: undefined, largeFolios: undefined };
  const userSees = ['pinned', 'locked', 'folioOrders'];
  const ofShared = [...userSees, 'sharedRuns'];
  const ofFreed = [...userSees, 'lazyfree'];
  const rootSees = Array<string[]>(6).fill(['pinned']);
  const noGuards = (...sees: string[]) => [...sees, 'guard'];
  test.each<[string, Partial<ReaderTools>, string[][]]>([
    ['root', { largeFolios: undefined }, rootSees],
    [
      'root, believing counters, who looks at every frame of MADV_FREE pages alone',
      { largeFolios: counters(10) },
      [...Array<string[]>(5).fill(['pinned', 'locked']), ['pinned']],
    ],
    ['root, without PAGEMAP_SCAN', { largeFolios: undefined, scan: undefined }, rootSees],
    [
      'root, without PAGEMAP_SCAN, on 6.14',
      { largeFolios: undefined, scan: undefined, tells: kernelTells('6.14.2') },
      [...rootSees.slice(0, 2), noGuards('pinned'), ...rootSees.slice(3)],
    ],
    ['a user', asUser, [userSees, userSees, userSees, ofShared, userSees, ofFreed]],
    [
      'a user, on 6.14, whose PAGEMAP_SCAN tells no guards',
      { ...asUser, tells: kernelTells('6.14.2') },
      [userSees, userSees, noGuards(...userSees), ofShared, userSees, ofFreed],
    ],
    [
      'a user, without PAGEMAP_SCAN, on 6.14',
      { ...asUser, scan: undefined, tells: kernelTells('6.14.2') },
      [
        userSees,
        [...userSees, 'pmdMapped'],
        noGuards(...userSees),
        ['zero', ...ofShared],
        ['zero', ...ofShared],
        ofFreed,
      ],
    ],
    [
      'a user, without PAGEMAP_SCAN, on 6.12, which has no guards',
      { ...asUser, scan: undefined, tells: kernelTells('6.12.9') },
      [userSees, [...userSees, 'pmdMapped'], userSees, ['zero', ...ofShared], ['zero', ...ofShared], ofFreed],
    ],
  ])('%s', async (name, change, unknown) => {
    const tools = await readerTools(undefined);
    const { scan = null } = tools;
    const onOld = name.includes('tells no guards') && scan ? { scan: { ...scan, tellsGuards: false } } : {};
    const reader = { ...tools, ...onOld, ...change };
    const seen = kinds.map(([pid, address]) => {
      const ranges = [...readOne(pid, reader, address)].flatMap((item) =>
        item.kind === 'ranges' ? item.ranges : [],
      );
      return ranges.flatMap((range) => [
        ...unknownFacts(range),
        ...(range.sharedRuns === undefined ? ['sharedRuns'] : []),
      ]);
    });
    // Which pages were used recently is a matter of the moment.
    expect(seen.map((facts) => facts.filter((fact) => fact !== 'unreferenced').sort())).toEqual(
      unknown.map((facts) => [...facts].sort()),
    );
  });

  test('zero pages look shared to a user without PAGEMAP_SCAN', async () => {
    const [, , , shared, zero] = kinds;
    const tools = { ...(await readerTools(undefined)), ...asUser };
    const seen = (reader: ReaderTools) =>
      [shared, zero].map(([pid, address]) =>
        [...readOne(pid, reader, address)].flatMap((item) =>
          item.kind === 'ranges'
            ? item.ranges.map(({ facts }) =>
                [facts.shared, facts.zero].map((each) => each && formatPages(each)),
              )
            : [],
        ),
      );
    expect(seen(tools)).toEqual([[['0-9', '']], [['', '20-29']]]);
    expect(seen({ ...tools, scan: undefined })).toEqual([[['0-9', undefined]], [['20-29', undefined]]]);
  });
});
