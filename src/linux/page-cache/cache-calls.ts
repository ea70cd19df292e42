import { closeSync, fstatSync } from 'node:fs';
import { type Geometry, pageBytes, pagesPerRange } from '../../core/memory/geometry.ts';
import { loadKoffi } from '../kernel/koffi.ts';
import { RANGES_PER_CHUNK } from '../pages/page-chunks.ts';

/** What the page cache holds of a part of a file, in pages (docs/khugepaged.md#page-cache-from-outside). */
export interface CacheCounts {
  readonly present: number;
  readonly dirty: number;
  readonly writeback: number;
  /** Of shared memory those that are swapped out; of files those that reclaim has taken. */
  readonly evicted: number;
}

/** What the kernel is asked about the page cache of open files. */
export interface CacheCalls {
  /** The device of memfds, System V shared memory and shared anonymous memory. */
  readonly shmemDevice: number;
  /** Whether the kernel has cachestat (Linux 6.5). */
  readonly counts: boolean;
  /** Undefined where the kernel refuses: who neither owns the file nor may write it is not told. */
  cachestat(fd: number, offset: number, bytes: number): CacheCounts | undefined;
  /**
   * A byte for each page from `offset` on, RANGES_PER_CHUNK PMD ranges at most, whose lowest bit says that it
   * is in memory; to be taken before the next call. A mapping without any access is made for it and removed:
   * no page is touched. Of who neither owns the file nor may write it the kernel says that all is in memory.
   */
  mincore(fd: number, offset: number, pages: number): Uint8Array | undefined;
}

/** System call number of cachestat, on every architecture. */
const CACHESTAT = 451;
/** Words of 64 bits of its two arguments: offset and length; five counts. */
const [RANGE_WORDS, COUNT_WORDS] = [2, 5];
const PROT_NONE = 0;
const MAP_PRIVATE = 2;
const MFD_CLOEXEC = 1;

/** Opened once: koffi frees nothing that it allocates. */
let opened: Promise<CacheCalls | undefined> | undefined;

/** Undefined where the koffi package is not to be had, or the kernel has no memfd. */
export function loadCacheCalls(geometry: Geometry): Promise<CacheCalls | undefined> {
  opened ??= openCalls(geometry);
  return opened;
}

async function openCalls(geometry: Geometry): Promise<CacheCalls | undefined> {
  const koffi = await loadKoffi();
  if (!koffi) return undefined;
  const libc = koffi.load(null);
  const syscall = libc.func('long syscall(long number, long fd, void *range, void *counts, long flags)');
  // Addresses as numbers: nothing here reads what lies there.
  const mmap = libc.func(
    'intptr_t mmap(intptr_t at, size_t length, int prot, int flags, int fd, int64_t offset)',
  );
  const munmap = libc.func('int munmap(intptr_t at, size_t length)');
  const mincore = libc.func('int mincore(intptr_t at, size_t length, void *pages)');
  const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');

  const memory = (bytes: number) => {
    const pointer = koffi.alloc('uint64_t', Math.ceil(bytes / 8));
    return { pointer, view: koffi.view(pointer, bytes) };
  };
  const range = memory(8 * RANGE_WORDS);
  const counted = memory(8 * COUNT_WORDS);
  const inCore = memory(RANGES_PER_CHUNK * pagesPerRange(geometry));
  const [rangeWords, counts] = [new BigUint64Array(range.view), new Uint32Array(counted.view)];
  const pageStates = new Uint8Array(inCore.view);

  const memfd = memfdCreate('thpscope', MFD_CLOEXEC) as number;
  if (memfd < 0) return undefined;
  const shmemDevice = fstatSync(memfd).dev;
  const cachestat = (fd: number, offset: number, bytes: number): CacheCounts | undefined => {
    rangeWords[0] = BigInt(offset);
    rangeWords[1] = BigInt(bytes);
    if (syscall(CACHESTAT, fd, range.pointer, counted.pointer, 0) !== 0) return undefined;
    return { present: counts[0], dirty: counts[2], writeback: counts[4], evicted: counts[6] };
  };
  const hasCounts = cachestat(memfd, 0, pageBytes(geometry)) !== undefined;
  closeSync(memfd);
  return {
    shmemDevice,
    counts: hasCounts,
    cachestat,
    mincore(fd, offset, pages) {
      const bytes = pages * pageBytes(geometry);
      const at = mmap(0, bytes, PROT_NONE, MAP_PRIVATE, fd, offset) as number;
      if (at < 0) return undefined;
      const failed = mincore(at, bytes, inCore.pointer) !== 0;
      munmap(at, bytes);
      return failed ? undefined : pageStates.subarray(0, pages);
    },
  };
}
