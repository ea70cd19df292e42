import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { type UnderLocks, uncounted } from '../cost-meter.ts';
import { closeKernelFile, openKernelFile, readFully, readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/** Bytes of one entry of /proc/PID/pagemap. */
const ENTRY_BYTES = 8;

/** Bits of the high 32-bit word of a pagemap entry (docs/khugepaged.md#pagemap). */
export const PAGEMAP_HIGH = {
  present: 1 << 31,
  swapped: 1 << 30,
  guard: 1 << 26,
  uffd: 1 << 25,
  exclusive: 1 << 24,
  frameNumber: (1 << 23) - 1,
} as const;

/** Reads /proc/PID/pagemap in bulk. */
export interface Pagemap {
  readonly fd: number;
  /**
   * Copies the entries of the pages from `address` on into `entries`, two 32-bit words a page, low word
   * first. Fails when the process is gone. Pages beyond the address space read as empty.
   */
  read(address: number, entries: Int32Array): Result<void>;
  close(): void;
}

/** The pagemap in a folder such as /proc/PID. Fails when this user may not look into the process. */
export function openPagemap(
  folder: string,
  geometry: Geometry,
  underLocks: UnderLocks = uncounted,
): Result<Pagemap> {
  const file = openKernelFile(`${folder}/pagemap`);
  if (!file.ok) return file;
  const fd = file.value;
  return succeed({
    fd,
    read(address, entries) {
      const bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength);
      const at = (address / pageBytes(geometry)) * ENTRY_BYTES;
      const read = underLocks(() => readFully(fd, bytes, at));
      if (!read.ok) return read;
      if (read.value === 0) return fail('unreadable', `${folder}: ended while it was read`);
      bytes.fill(0, read.value);
      return succeed(undefined);
    },
    close: () => closeKernelFile(fd),
  });
}

/** The page frame number of an entry; 0 where this user may not see it. */
export function frameNumber(low: number, high: number): number {
  return (low >>> 0) + (high & PAGEMAP_HIGH.frameNumber) * 2 ** 32;
}

/**
 * Whether this user may see page frame numbers (CAP_SYS_ADMIN outside of any container), tried on our own
 * memory.
 */
export function canSeeFrameNumbers(tree: KernelTree, geometry: Geometry): boolean {
  const self = tree.process('self');
  const pagemap = openPagemap(self, geometry);
  if (!pagemap.ok) return false;
  const maps = readKernelFile(`${self}/maps`);
  const entries = new Int32Array(2 * 1024);
  const read = pagemap.value.read(maps.ok ? Number.parseInt(maps.value, 16) : 0, entries);
  pagemap.value.close();
  if (!read.ok) return false;
  for (let i = 0; i < entries.length; i += 2) {
    if (entries[i + 1] & PAGEMAP_HIGH.present) return frameNumber(entries[i], entries[i + 1]) !== 0;
  }
  return false;
}
