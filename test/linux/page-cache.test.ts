import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CacheRange } from '../../src/core/memory/cache-range.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { CachedFile } from '../../src/core/rules/page-cache.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant/occupant.ts';

const RANGE = 2 << 20;
const PAGE = 4096;
const OTHER_USER = 12345;
const PR_SET_DUMPABLE = 4;
const isRoot = process.geteuid?.() === 0;
const possible = buildOccupant() !== undefined && isRoot;

interface SeenFile extends CachedFile {
  readonly ranges: CacheRange[];
}

interface Seen {
  readonly files: SeenFile[];
  readonly notes: string[];
}

async function look(pids: number[], address?: number): Promise<Seen> {
  const source = await openLiveSource(RUNNING_KERNEL, pids, new Date(0), { address });
  if (!source.ok) throw new Error(source.failure.message);
  const seen: Seen = { files: [], notes: [] };
  for await (const item of source.value.items()) {
    if (item.kind === 'file') seen.files.push({ ...item.file, ranges: [] });
    if (item.kind === 'cache-ranges') seen.files.at(-1)?.ranges.push(...item.ranges);
    if (item.kind === 'note') seen.notes.push(item.message);
    if (item.kind === 'process' && seen.files.length > 0) throw new Error('a process behind a file');
  }
  return seen;
}

async function lookAsOther(pids: number[], address?: number): Promise<Seen> {
  await look([process.pid]);
  process.setegid?.(OTHER_USER);
  process.seteuid?.(OTHER_USER);
  koffi.load(null).func('int prctl(int option, unsigned long value)')(PR_SET_DUMPABLE, 1);
  try {
    return await look(pids, address);
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}

/** Writes pages of a file and nothing between them: the page cache then holds these alone. */
function writePages(path: string, ranges: number, pages: readonly [first: number, count: number][]): void {
  const fd = openSync(path, 'w', 0o644);
  ftruncateSync(fd, ranges * RANGE);
  for (const [first, count] of pages)
    writeSync(fd, Buffer.alloc(count * PAGE, 1), 0, count * PAGE, first * PAGE);
  fsyncSync(fd);
  closeSync(fd);
}

/** What is tested of a range: pages in the kernel's list notation. */
function shown({ offset, present, folioOrders, ...counts }: CacheRange) {
  const { geometry: _, ...rest } = counts;
  return { offset: offset / RANGE, present: formatPages(present), orders: folioOrders?.length, ...rest };
}

function named(seen: Seen, name: string): SeenFile {
  const file = seen.files.find((each) => each.name === name);
  if (!file) throw new Error(`${name} is not seen; ${seen.notes.join('; ')}`);
  return file;
}

const MEMFD = '/memfd:occupant (deleted)';
const ANONYMOUS = '/dev/zero (deleted)';
const OWNERS = 'its owner, who may write it, and root see it';

describe.runIf(possible)('the page cache of what processes map', () => {
  let occupant: Occupant;
  let folder: string;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'page-cache-'));
    occupant = await startOccupant();
  });
  afterEach(async () => {
    await occupant?.stop();
    rmSync(folder, { recursive: true });
  });

  test('of a memfd: pages in memory, their folios, and how often they are mapped', async () => {
    const at = await occupant.map('map-file memfd 4');
    await occupant.must(`touch ${at} 0-15,100`);
    await occupant.must(`touch ${at + 2 * RANGE} 0-511`);
    const { ranges, ...file } = named(await look([occupant.pid]), MEMFD);
    expect(file).toMatchObject({ kind: 'shared-anonymous', bytes: 4 * RANGE });
    const known = { swapPages: 0, dirtyPages: 0, orders: 512 };
    expect(ranges.map(shown)).toEqual([
      { ...known, offset: 0, present: '0-15,100', mappedPages: 17 },
      { ...known, offset: 2, present: '0-511', mappedPages: 512 },
    ]);
  });

  test('shows the folios of a range that was collapsed, and of one that was not', async () => {
    const at = await occupant.map('map-file memfd 2');
    await occupant.must(`touch ${at} 0-1023`);
    const collapsed = await occupant.command(`collapse ${at} ${RANGE}`);
    const orders = named(await look([occupant.pid]), MEMFD).ranges.map(({ folioOrders }) => [
      ...new Set(folioOrders),
    ]);
    expect(orders).toEqual([[collapsed.ok ? 9 : 0], [0]]);
  });

  test('of shared anonymous memory', async () => {
    const at = await occupant.map('map-file anonymous 1');
    await occupant.must(`touch ${at} 7`);
    const { kind, bytes, ranges } = named(await look([occupant.pid]), ANONYMOUS);
    expect({ kind, bytes }).toEqual({ kind: 'shared-anonymous', bytes: RANGE });
    expect(ranges.map(shown)).toMatchObject([{ present: '7', mappedPages: 1 }]);
  });

  test('counts a file once that two processes map, and the pages that each maps', async () => {
    const at = await occupant.map('map-file anonymous 1');
    await occupant.must(`touch ${at} 0-99`);
    const { child = 0 } = await occupant.must(`fork ${at}`);
    await occupant.must('fork-touch 90-109');
    const seen = await look([occupant.pid, child]);
    expect(seen.files.filter(({ name }) => name === ANONYMOUS)).toHaveLength(1);
    expect(named(seen, ANONYMOUS).ranges.map(shown)).toMatchObject([{ present: '0-109', mappedPages: 120 }]);
    const alone = named(await look([child]), ANONYMOUS);
    expect(alone.ranges.map(shown)).toMatchObject([{ present: '0-109', mappedPages: 20 }]);
  });

  test('of a file on a disk: what was written is there, mapped or not; holes are not', async () => {
    const path = join(folder, 'data');
    writePages(path, 3, [
      [0, 64],
      [200, 8],
      [1024, 512],
    ]);
    const at = await occupant.map(`map-file ${path} 3`);
    const { ranges, ...file } = named(await look([occupant.pid]), path);
    expect(file).toMatchObject({ kind: 'file', bytes: 3 * RANGE, filesystem: expect.any(String) });
    const unmapped = { swapPages: 0, dirtyPages: 0, mappedPages: 0, orders: undefined };
    expect(ranges.map(shown)).toEqual([
      { ...unmapped, offset: 0, present: '0-63,200-207' },
      { ...unmapped, offset: 2, present: '0-511' },
    ]);
    await occupant.must(`read ${at + 2 * RANGE} 0-511`);
    const mapped = named(await look([occupant.pid]), path).ranges.map(shown);
    expect(mapped[1]).toEqual({ ...unmapped, offset: 2, present: '0-511', mappedPages: 512, orders: 512 });
  });

  test('of a private mapping: pages that the process has for itself are not those of the file', async () => {
    const path = join(folder, 'data');
    writePages(path, 1, [[0, 512]]);
    const at = await occupant.map(`map-file ${path} 1 0 private`);
    await occupant.must(`read ${at} 0-511`);
    await occupant.must(`touch ${at} 0-99`);
    expect(named(await look([occupant.pid]), path).ranges.map(shown)).toMatchObject([
      { present: '0-511', mappedPages: 412 },
    ]);
  });

  test('of a deleted file and of one on tmpfs, with what its mount says of huge pages', async () => {
    const path = `/dev/shm/page-cache-${process.pid}`;
    writePages(path, 1, [[3, 2]]);
    try {
      await occupant.map(`map-file ${path} 1`);
      expect(named(await look([occupant.pid]), path)).toMatchObject({
        kind: 'tmpfs',
        filesystem: 'tmpfs',
        hugeMount: 'never',
      });
    } finally {
      unlinkSync(path);
    }
    const { ranges } = named(await look([occupant.pid]), `${path} (deleted)`);
    expect(ranges.map(shown)).toMatchObject([{ present: '3-4' }]);
  });

  test('of a file on an overlay, of which cachestat counts nothing: the pages are there', async ({
    skip,
  }) => {
    const [lower, target] = [join(folder, 'lower'), join(folder, 'merged')];
    for (const name of ['lower', 'upper', 'work', 'merged']) mkdirSync(join(folder, name));
    writePages(join(lower, 'data'), 1, [[3, 5]]);
    const options = `lowerdir=${lower},upperdir=${join(folder, 'upper')},workdir=${join(folder, 'work')}`;
    const mounted = spawnSync('mount', ['-t', 'overlay', 'overlay', '-o', options, target]);
    if (mounted.status !== 0) return skip('no overlay can be mounted here');
    try {
      const path = join(target, 'data');
      await occupant.map(`map-file ${path} 1 0 private`);
      const { ranges, ...file } = named(await look([occupant.pid]), path);
      expect(file).toMatchObject({ kind: 'file', filesystem: 'overlay' });
      expect(ranges.map(shown)).toMatchObject([
        { present: '3-7', dirtyPages: undefined, swapPages: undefined },
      ]);
    } finally {
      await occupant.stop();
      spawnSync('umount', [target]);
    }
  });

  test('of ranges that are mapped whole and aligned, and of no others', async () => {
    const path = join(folder, 'data');
    writePages(path, 3, [[0, 1536]]);
    await occupant.map(`map-file ${path} 2 1`);
    expect((await look([occupant.pid])).files.map(({ name }) => name)).not.toContain(path);
    const at = await occupant.map(`map-file ${path} 2`);
    const whole = named(await look([occupant.pid]), path);
    expect(whole.ranges.map(({ offset }) => offset / RANGE)).toEqual([0, 1]);
    const around = await look([occupant.pid], at + RANGE + 5 * PAGE);
    expect(around.files.map(({ name, ranges }) => [name, ranges.length])).toEqual([[path, 1]]);
  });

  test('leaves the access time of a file, and the page tables of who maps it, as they are', async () => {
    const path = join(folder, 'data');
    writePages(path, 1, [[0, 512]]);
    utimesSync(path, 1000, 2000);
    const at = await occupant.map(`map-file ${path} 1`);
    utimesSync(path, 1000, 2000);
    await look([occupant.pid]);
    const again = named(await look([occupant.pid]), path);
    expect(again.ranges.map(shown)).toMatchObject([{ mappedPages: 0 }]);
    expect(statSync(path).atimeMs).toBe(1000_000);
    expect(at % RANGE).toBe(0);
  });
});

describe.runIf(possible)('the page cache, asked about by an ordinary user', () => {
  let occupant: Occupant;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'page-cache-'));
    chmodSync(folder, 0o755);
    occupant = await startOccupant({ uid: OTHER_USER, gid: OTHER_USER });
  });
  afterAll(async () => {
    await occupant?.stop();
    rmSync(folder, { recursive: true });
  });

  test('is seen of a memfd by its descriptor, without folios', async () => {
    const at = await occupant.map('map-file memfd 1');
    await occupant.must(`touch ${at} 0-15,100`);
    expect(named(await lookAsOther([occupant.pid], at), MEMFD).ranges.map(shown)).toEqual([
      { offset: 0, present: '0-15,100', swapPages: 0, dirtyPages: 0, mappedPages: 17, orders: undefined },
    ]);
  });

  test('is not known of files of others and of shared anonymous memory: they say why', async () => {
    const path = join(folder, 'of-root');
    writePages(path, 1, [[0, 512]]);
    chmodSync(path, 0o444);
    const at = await occupant.map(`map-file ${path} 1 0 private`);
    const ofFile = await lookAsOther([occupant.pid], at);
    expect(named(ofFile, path)).toMatchObject({ kind: 'file', unread: OWNERS, ranges: [] });
    const anonymous = await lookAsOther([occupant.pid], await occupant.map('map-file anonymous 1'));
    const unread = { kind: 'shared-anonymous', unread: OWNERS, ranges: [] };
    expect(named(anonymous, ANONYMOUS)).toMatchObject(unread);
  });
});
