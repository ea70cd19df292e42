import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { SHARES_ZERO_PAGE } from '../../support/zero-page.ts';
import { buildOccupant, type Occupant, startOccupant } from './occupant.ts';

const { errno } = constants;
const PAGE = 4096;
const RANGE = 512 * PAGE;
const EXCLUSIVE = 1n << 56n;
const UFFD_WP = 1n << 57n;
const GUARD = 1n << 58n;
const SWAPPED = 1n << 62n;
const PRESENT = 1n << 63n;
const PFN = (1n << 55n) - 1n;
const KPF_THP = 1n << 22n;
const KPF_ZERO_PAGE = 1n << 24n;

/** 64-bit words of a proc file; undefined when this user may not open it. */
function readWords(path: string, first: number, count: number): bigint[] | undefined {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch {
    return undefined;
  }
  try {
    const words = new BigUint64Array(count);
    const got = readSync(file, new Uint8Array(words.buffer), 0, count * 8, first * 8);
    expect(got).toBe(count * 8);
    return [...words];
  } finally {
    closeSync(file);
  }
}

function pagemap(pid: number, address: number, pages = 512): bigint[] {
  const words = readWords(`/proc/${pid}/pagemap`, address / PAGE, pages);
  if (!words) throw new Error('pagemap cannot be read');
  return words;
}

/** The pages with this bit, in list notation. */
function pagesWith(entries: readonly bigint[], bit: bigint): string {
  const parts: string[] = [];
  for (let page = 0; page < entries.length; page++) {
    if ((entries[page] & bit) === 0n) continue;
    const first = page;
    while (page + 1 < entries.length && (entries[page + 1] & bit) !== 0n) page++;
    parts.push(first === page ? `${first}` : `${first}-${page}`);
  }
  return parts.join(',');
}

function kpageflags(entry: bigint): bigint | undefined {
  const pfn = Number(entry & PFN);
  return pfn === 0 ? undefined : readWords('/proc/kpageflags', pfn, 1)?.[0];
}

/** A field in kB of the VMA that holds this address. */
function smapsField(pid: number, address: number, field: string): number {
  const blocks = readFileSync(`/proc/${pid}/smaps`, 'utf8').split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m);
  for (const block of blocks) {
    const [start, end] = block
      .split(' ', 1)[0]
      .split('-')
      .map((text) => Number.parseInt(text, 16));
    if (start > address || end <= address) continue;
    return Number(new RegExp(`^${field}: *(\\d+)`, 'm').exec(block)?.[1]);
  }
  throw new Error('no VMA there');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const binary = buildOccupant();
if (binary === undefined) console.warn('SKIPPED: the occupant needs Linux and a C compiler (cc or gcc)');

const users = [{ name: 'this user', ids: {} }];
if (process.getuid?.() === 0) users.push({ name: 'an ordinary user', ids: { uid: 65534, gid: 65534 } });

describe.skipIf(binary === undefined).each(users)('occupant as $name', ({ ids }) => {
  let occupant: Occupant;
  beforeEach(async () => {
    occupant = await startOccupant(ids);
  });
  afterEach(() => occupant.stop());

  const look = (address: number, pages?: number) => pagemap(occupant.pid, address, pages);
  const present = (address: number) => pagesWith(look(address), PRESENT);

  test('touch, read, drop and verify', async () => {
    const address = await occupant.map('map 2 nohugepage');
    expect(address % RANGE).toBe(0);
    expect(present(address)).toBe('');
    await occupant.must(`touch ${address} 0-15,100,511-513`);
    await occupant.must(`read ${address} 200-203`);
    expect(present(address)).toBe('0-15,100,200-203,511');
    expect(present(address + RANGE)).toBe('0-1');
    expect(await occupant.must(`verify ${address} 0-15,100,200-203,511-513`)).toEqual({
      ok: true,
      pages: 24,
    });

    const entries = look(address);
    // Those who may not see frames see 0 for each.
    const zeroFlags = kpageflags(entries[200]);
    const frames = new Set(entries.slice(200, 204).map((entry) => entry & PFN)).size;
    expect(frames).toBe(SHARES_ZERO_PAGE || zeroFlags === undefined ? 1 : 4);
    if (zeroFlags !== undefined) {
      expect(zeroFlags & KPF_ZERO_PAGE).toBe(SHARES_ZERO_PAGE ? KPF_ZERO_PAGE : 0n);
      expect((kpageflags(entries[100]) ?? 0n) & (KPF_ZERO_PAGE | KPF_THP)).toBe(0n);
    }

    await occupant.must(`drop ${address} 4-7,202`);
    expect(present(address)).toBe('0-3,8-15,100,200-201,203,511');
    await occupant.must(`verify ${address} 0-15`);
    await occupant.must(`touch ${address} 300-363:1/4`);
    expect(present(address)).toContain('300,304,308');
  });

  test('small pages under every advice, in every system-wide mode', async () => {
    for (const advice of ['', 'hugepage', 'nohugepage']) {
      const address = await occupant.map(`map 1 ${advice}`);
      await occupant.must(`read ${address} 1`);
      await occupant.must(`touch ${address} 7`);
      expect(present(address)).toBe('1,7');
    }
  });

  test('fork shares all pages, fork-touch takes some back', async () => {
    const address = await occupant.map('map 1 nohugepage');
    await occupant.must(`touch ${address} 0-15`);
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('0-15');
    const { child } = await occupant.must(`fork ${address}`);
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('');
    expect(pagesWith(pagemap(child as number, address), PRESENT)).toBe('0-15');
    await occupant.must('fork-touch 0-3');
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('0-3');
    await occupant.must(`touch ${address} 8`);
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('0-3,8');
    expect(await occupant.must('reap')).toEqual({ ok: true, reaped: 1 });
    expect(isAlive(child as number)).toBe(false);
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('0-15');
    await occupant.must(`verify ${address} 0-15`);
  });

  test('thp maps a whole range by its PMD entry, split by PTEs', async () => {
    const address = await occupant.map('map 3');
    await occupant.must(`touch ${address} 512,600`);
    const middle = address + RANGE;
    const thp = await occupant.command(`thp ${middle}`);
    // A machine without huge page support or without a free huge page.
    if (!thp.ok) return console.warn(`SKIPPED: no THP here: ${thp.error}`);
    expect(thp.pmdMapped).not.toBe(false);
    expect(smapsField(occupant.pid, middle, 'AnonHugePages')).toBe(2048);
    expect(present(middle)).toBe('0-511');
    expect(present(address)).toBe('');
    const before = look(middle);
    const flags = kpageflags(before[5]);
    if (flags !== undefined) expect(flags & KPF_THP).toBe(KPF_THP);

    const split = await occupant.must(`split ${middle}`);
    expect(split.vmas).toBe(1);
    expect(smapsField(occupant.pid, middle, 'AnonHugePages')).toBe(0);
    expect(look(middle).map((entry) => entry & PFN)).toEqual(before.map((entry) => entry & PFN));
    await occupant.must(`verify ${middle} 0-511`);
    // Only some pages of the folio remain mapped.
    await occupant.must(`drop ${middle} 0-255`);
    expect(present(middle)).toBe('256-511');
    await occupant.must(`verify ${middle} 256-511`);
  });

  test('fork shares a THP', async () => {
    const address = await occupant.map('map 1');
    await occupant.must(`touch ${address} 0`);
    const thp = await occupant.command(`thp ${address}`);
    if (!thp.ok) return console.warn(`SKIPPED: no THP here: ${thp.error}`);
    const { child } = await occupant.must(`fork ${address}`);
    expect(smapsField(child as number, address, 'AnonHugePages')).toBe(2048);
    expect(pagesWith(look(address), EXCLUSIVE)).toBe('');
    await occupant.must('fork-touch 0-3');
    // The child's write maps the folio through PTEs in the child only.
    expect(smapsField(child as number, address, 'AnonHugePages')).toBe(0);
    expect(smapsField(occupant.pid, address, 'AnonHugePages')).toBe(2048);
    await occupant.must('reap');
    await occupant.must(`verify ${address} 0-511`);
  });

  test('edges: the VMA begins before and ends after the PMD ranges, and merges with nothing', async () => {
    const report = await occupant.must('map-unaligned 3 2 5 nohugepage');
    const [address, start, end] = [report.address, report.start, report.end].map(Number);
    expect(address % RANGE).toBe(0);
    expect(start).toBe(address - 3 * PAGE);
    expect(end).toBe(address + 2 * RANGE + 5 * PAGE);
    await occupant.must(`touch ${start} 0-2,1027-1031`);
    expect(pagesWith(look(start, 1032), PRESENT)).toBe('0-2,1027-1031');
    const maps = readFileSync(`/proc/${occupant.pid}/maps`, 'latin1').split('\n');
    const at = maps.findIndex((line) => line.startsWith(`${start.toString(16)}-${end.toString(16)} rw-p`));
    expect(at).toBeGreaterThan(0);
    for (const line of [maps[at - 1], maps[at + 1]]) expect(line).toContain(' ---p ');
    // A mapping smaller than a PMD range.
    await occupant.must('map-unaligned 4 0 0');
  });

  test('advise, mlock, free and pageout', async () => {
    const address = await occupant.map('map 2');
    await occupant.must(`touch ${address} 0-1023`);
    expect((await occupant.must(`advise ${address} 1 nohugepage`)).vmas).toBe(2);
    expect(await occupant.command(`advise ${address} 1 collapse`)).toMatchObject({
      ok: false,
      errno: errno.EINVAL,
    });
    expect((await occupant.must(`advise ${address} 1 hugepage`)).ok).toBe(true);
    await occupant.must(`advise ${address} 2 nohugepage`);

    await occupant.must(`free ${address} 0-15`);
    await occupant.must(`verify ${address} 0-31`);
    expect((await occupant.must(`mlock ${address + RANGE} 0-15`)).vmas).toBe(3);
    expect(smapsField(occupant.pid, address + RANGE, 'Locked')).toBe(64);
    expect((await occupant.command(`drop ${address + RANGE} 0`)).ok).toBe(false);

    const out = await occupant.must(`pageout ${address} 256-511`);
    const entries = look(address).slice(256);
    // Zero without swap.
    expect(out.left).toBe(entries.filter((entry) => (entry & PRESENT) === 0n).length);
    expect(out.swapped).toBe(entries.filter((entry) => (entry & SWAPPED) !== 0n).length);
    await occupant.must(`verify ${address} 256-511`);
  });

  test('guard and userfaultfd markers', async () => {
    const address = await occupant.map('map 1 nohugepage');
    await occupant.must(`touch ${address} 0-15`);
    const guard = await occupant.command(`guard ${address} 12-19`);
    if (guard.ok) {
      expect(pagesWith(look(address), PRESENT)).toBe('0-11');
      expect(pagesWith(look(address), GUARD)).toBe('12-19');
      expect(await occupant.command(`touch ${address} 12`)).toMatchObject({ ok: false, errno: errno.EFAULT });
      await occupant.must(`drop ${address} 0-19`);
      expect(pagesWith(look(address), GUARD)).toBe('12-19');
    } else console.warn(`SKIPPED: no guard regions here: ${guard.error}`);

    for (const mode of ['', ' async']) {
      const protectedRange = await occupant.map('map 1 nohugepage');
      await occupant.must(`touch ${protectedRange} 0-15`);
      const uffd = await occupant.command(`uffd ${protectedRange} 1 wp 8-23${mode}`);
      if (!uffd.ok) return console.warn(`SKIPPED: no userfaultfd here: ${uffd.error}`);
      expect(uffd).toMatchObject({ pages: 16, protected: 16, vmas: 1 });
      expect(pagesWith(look(protectedRange), UFFD_WP)).toBe('8-23');
      expect(pagesWith(look(protectedRange), PRESENT)).toBe('0-15');
      expect(pagesWith(look(protectedRange), SWAPPED)).toBe('16-23');
      await occupant.must(`touch ${protectedRange} 0-7`);
      await occupant.must(`verify ${protectedRange} 0-15`);
      // Nobody would answer the fault of a write to a page that is protected for good.
      if (mode === '') {
        const write = await occupant.command(`touch ${protectedRange} 8`);
        expect(write).toMatchObject({ ok: false, errno: errno.EBUSY });
      }
    }
  });

  test('collapse takes any bytes inside a mapping and gives the errno', async () => {
    const address = await occupant.map('map 2');
    await occupant.must(`touch ${address} 0`);
    await occupant.must(`collapse ${address} ${RANGE}`);
    expect(present(address)).toBe('0-511');
    expect(await occupant.command(`collapse ${address + 1} ${RANGE}`)).toMatchObject({ errno: errno.EINVAL });
    await occupant.must(`collapse ${address + 2 * RANGE} 0`);
    expect((await occupant.command(`collapse ${address} ${2 * RANGE + 1}`)).ok).toBe(false);
    await occupant.must(`verify ${address} 0-511`);
  });

  test('pin keeps a page from being collapsed', async () => {
    const address = await occupant.map('map 1');
    expect(await occupant.command(`pin ${address} 0`)).toMatchObject({ ok: false, errno: errno.EFAULT });
    await occupant.must(`touch ${address} 0-511`);
    expect((await occupant.must(`pin ${address} 3,8-255`)).pages).toBe(249);
    expect(await occupant.command(`collapse ${address} ${RANGE}`)).toMatchObject({ errno: errno.EAGAIN });
    await occupant.must(`verify ${address} 0-511`);
  });

  test('unmap and protect', async () => {
    const address = await occupant.map('map 2 nohugepage');
    await occupant.must(`touch ${address} 0-15`);
    expect((await occupant.must(`protect ${address} read`)).vmas).toBe(1);
    await occupant.must(`verify ${address} 0-15`);
    expect(await occupant.command(`touch ${address} 0`)).toMatchObject({ ok: false, errno: errno.EACCES });
    await occupant.must(`protect ${address} none`);
    expect(await occupant.command(`verify ${address} 0`)).toMatchObject({ ok: false, errno: errno.EACCES });
    await occupant.must(`protect ${address} write`);
    expect(await occupant.must(`unmap ${address} 8-511`)).toMatchObject({ pages: 504, vmas: 2 });
    expect(present(address)).toBe('0-7');
    for (const access of ['touch', 'read', 'verify', 'mlock', 'pin'])
      expect((await occupant.command(`${access} ${address} 7-8`)).ok, access).toBe(false);
    expect((await occupant.command(`mthp ${address} 4 16`)).ok).toBe(false);
    await occupant.must(`touch ${address} 0-7`);
  });

  test('forget-use', async () => {
    const address = await occupant.map('map 1 nohugepage');
    await occupant.must(`touch ${address} 0-15`);
    expect(smapsField(occupant.pid, address, 'Referenced')).toBe(64);
    await occupant.must('forget-use');
    expect(smapsField(occupant.pid, address, 'Referenced')).toBe(0);
  });

  test('mthp brings a whole window or says that it cannot', async () => {
    const address = await occupant.map('map 1 hugepage');
    for (const [order, offset] of [
      [9, 0],
      [4, 32],
    ]) {
      const answer = await occupant.command(`mthp ${address} ${order} ${offset}`);
      const last = offset + 2 ** order - 1;
      if (answer.ok) expect(present(address)).toBe(`${offset}-${last}`);
      else expect(answer.errno).toBe(errno.EOPNOTSUPP);
      await occupant.must(`drop ${address} 0-511`);
    }
  });

  test('big fills ranges by its rule', async () => {
    const report = await occupant.must('big 16 nohugepage');
    const address = Number(report.address);
    expect(Number(report.end) - address).toBe(16 * 2 ** 20);
    expect(report.pages).toBe(2 * (512 + 128 + 128));
    expect(present(address)).toBe('0-511');
    expect(present(address + RANGE)).toMatch(/^0,4,8,.*,508$/);
    expect(present(address + 2 * RANGE)).toBe('0-15,64-79,128-143,192-207,256-271,320-335,384-399,448-463');
    expect(present(address + 3 * RANGE)).toBe('');
    expect(present(address + 4 * RANGE)).toBe('0-511');
  });

  test('commands that cannot be meant are refused and change nothing', async () => {
    const address = await occupant.map('map 1');
    const bad = [
      '',
      'fly',
      'map',
      'map 0',
      'map -1',
      'map 99999999999999999999',
      'map 1 sometimes',
      'touch',
      'touch 0 0',
      'touch 0x1000 0',
      `touch ${address + 1} 0`,
      `touch ${address} 512`,
      `touch ${address} 5-3`,
      `touch ${address} -1`,
      `touch ${address} 1x`,
      `touch ${address} ,`,
      `touch ${address} 0-9:0/3`,
      `touch ${address} 0-9:4/3`,
      `thp ${address + PAGE}`,
      `advise ${address} 2 hugepage`,
      `advise ${address} 18446744073709551615 hugepage`,
      `advise ${address} 1 soon`,
      `mthp ${address} 4 3`,
      `collapse ${address - 1} 4096`,
      `collapse ${address} -1`,
      `collapse ${address} 18446744073709551615`,
      `protect ${address} exec`,
      `unmap ${address} 512`,
      `pin ${address} 0`,
      'fork-touch 0',
      'prctl-thp-disable 2',
      'touch 1 2 3 4 5 6 7 8 9',
    ];
    for (const text of bad) {
      const answer = await occupant.command(text);
      expect(answer, text).toMatchObject({ ok: false, errno: expect.any(Number), error: expect.any(String) });
    }
    expect(present(address)).toBe('');
  });

  test('prctl-thp-disable', async () => {
    const thpEnabled = () =>
      /^THP_enabled:\s*(\d)/m.exec(readFileSync(`/proc/${occupant.pid}/status`, 'latin1'))?.[1];
    const address = await occupant.map('map 1');
    await occupant.must('prctl-thp-disable 1');
    await occupant.must(`touch ${address} 0`);
    expect(thpEnabled()).toBe('0');
    await occupant.must('prctl-thp-disable 0');
    await occupant.must(`touch ${address} 1`);
    expect(thpEnabled()).toBe('1');
  });

  test('suspend, resume and stop', async () => {
    const address = await occupant.map('map 1 nohugepage');
    await occupant.suspend();
    const answer = occupant.must(`touch ${address} 0`);
    await sleep(20);
    expect(present(address)).toBe('');
    await occupant.resume();
    await answer;
    expect(present(address)).toBe('0');
    const { child } = await occupant.must(`fork ${address}`);
    await occupant.suspend();
    await occupant.stop();
    expect(isAlive(occupant.pid)).toBe(false);
    expect(isAlive(child as number)).toBe(false);
    await expect(occupant.command('hello')).rejects.toThrow('gone');
  });

  test('exit', async () => {
    expect(await occupant.command('exit')).toEqual({ ok: true });
    while (isAlive(occupant.pid)) await sleep(1);
  });
});
