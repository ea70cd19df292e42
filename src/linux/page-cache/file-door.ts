import {
  accessSync,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readdirSync,
  readlinkSync,
  type Stats,
} from 'node:fs';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import type { MappedFile } from './mapped-files.ts';

/** A regular file, open for questions about its page cache. */
export interface OpenFile {
  readonly fd: number;
  readonly bytes: number;
  /** Whether the kernel tells this user what of it is in memory. */
  readonly mayAsk: boolean;
  close(): void;
}

/** Names a file without opening it: no driver and no peer notices. */
const O_PATH = 0o10000000;
const O_NOATIME = 0o1000000;

/**
 * Opens what a process maps: through /proc/PID/map_files (root), else one of its own descriptors, else the
 * path, the latter two if device and inode agree. Nothing but a regular file is opened, for devices and FIFOs
 * notice. Where it is none, the value is undefined.
 */
export function openMapped(tree: KernelTree, file: MappedFile): Result<OpenFile | undefined> {
  let refused = false;
  for (const { path, isSure } of placesOf(tree, file)) {
    const named = openQuietly(path, O_PATH);
    if (named === 'refused') refused = true;
    if (typeof named !== 'number') continue;
    try {
      const stat = fstatSync(named);
      if (!isSure && !isSame(stat, file)) continue;
      if (!stat.isFile()) return succeed(undefined);
      const fd = openForQuestions(`/proc/self/fd/${named}`);
      if (fd !== undefined) return succeed(openFile(fd, stat));
      refused = true;
    } finally {
      closeSync(named);
    }
  }
  if (refused) return fail('permission', 'it may not be opened by this user');
  return fail('unreadable', 'it is gone');
}

interface Place {
  readonly path: string;
  /** Whether it is the file for sure, whatever device a filesystem like btrfs tells. */
  readonly isSure: boolean;
}

/** So many of those who map it are tried, for the first ones may have ended. */
const MAPPERS_TRIED = 8;

function* placesOf(tree: KernelTree, { name, vmas }: MappedFile): Iterable<Place> {
  const tried = vmas.slice(0, MAPPERS_TRIED);
  for (const { pid, start, end } of tried) {
    const range = `${start.toString(16)}-${end.toString(16)}`;
    yield { path: `${tree.process(pid)}/map_files/${range}`, isSure: true };
  }
  for (const pid of new Set(tried.map((vma) => vma.pid))) {
    const folder = tree.process(pid);
    for (const fd of descriptorsOf(folder, name)) yield { path: `${folder}/fd/${fd}`, isSure: false };
    yield { path: `${folder}/root${name}`, isSure: false };
  }
}

/** The descriptors of a process that are open at what has this name. */
function descriptorsOf(folder: string, name: string): string[] {
  try {
    return readdirSync(`${folder}/fd`).filter((fd) => {
      try {
        return readlinkSync(`${folder}/fd/${fd}`) === name;
      } catch {
        return false;
      }
    });
  } catch {
    return [];
  }
}

function openQuietly(path: string, flags: number): number | 'refused' | 'missing' {
  try {
    return openSync(path, flags);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'EACCES' || code === 'EPERM' ? 'refused' : 'missing';
  }
}

/** Without a new access time where the user may ask for that: the owner and root. */
function openForQuestions(path: string): number | undefined {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  for (const more of [O_NOATIME, 0]) {
    const fd = openQuietly(path, flags | more);
    if (typeof fd === 'number') return fd;
  }
  return undefined;
}

function openFile(fd: number, { size, uid }: Stats): OpenFile {
  const user = process.geteuid?.();
  const mayAsk = user === 0 || user === uid || mayWrite(fd);
  return { fd, bytes: size, mayAsk, close: () => closeSync(fd) };
}

/** Asked, not tried: opening a file for writing is noticed by others. */
function mayWrite(fd: number): boolean {
  try {
    accessSync(`/proc/self/fd/${fd}`, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whether device and inode are those that smaps tells. */
function isSame({ dev, ino }: Stats, { id }: MappedFile): boolean {
  return id === `${deviceText(dev)}:${ino}`;
}

/** As smaps writes a device. */
export function deviceText(dev: number): string {
  return `${hex(majorOf(dev))}:${hex(minorOf(dev))}`;
}

function majorOf(dev: number): number {
  return Math.floor(dev / 2 ** 8) & 0xfff;
}

function minorOf(dev: number): number {
  return (dev & 0xff) + (Math.floor(dev / 2 ** 12) & 0xfff00);
}

function hex(number: number): string {
  return number.toString(16).padStart(2, '0');
}
