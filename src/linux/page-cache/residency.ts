import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import {
  countPages,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPage,
  setPages,
} from '../../core/memory/occupancy.ts';
import type { CacheCalls, CacheCounts } from './cache-calls.ts';
import type { RangeSpan } from './mapped-files.ts';

/** An open file whose page cache is asked about. */
export interface AskedFile {
  readonly fd: number;
  /** Of shared memory evicted pages are swapped out; those of a file can be read again. */
  readonly isShmem: boolean;
  /** Whether cachestat answers for it: on an overlay the page cache belongs to the file below. */
  readonly counts: boolean;
}

/** What is in memory of a PMD range of a file. */
export interface Residency {
  /** The number of the range in the file. */
  readonly number: number;
  readonly present: Occupancy;
  readonly swapPages: number | undefined;
  readonly dirtyPages: number | undefined;
}

/** The kernel does not tell this user what is in memory. */
export class NotTold extends Error {}

/**
 * The ranges of a span, RANGES_PER_CHUNK at most, that hold a page or a swap entry. cachestat counts them,
 * and mincore is asked where only some pages are there. Throws NotTold.
 */
export function residencyOf(
  calls: CacheCalls,
  file: AskedFile,
  { first, past }: RangeSpan,
  geometry: Geometry,
): Residency[] {
  const bytes = rangeBytes(geometry);
  const pages = pagesPerRange(geometry);
  let whole: Uint8Array | undefined;
  const inCore = (number: number): Uint8Array => {
    // The memory that it is told in is read by the next file's call only.
    whole ??= calls.mincore(file.fd, first * bytes, (past - first) * pages);
    if (!whole) throw new NotTold();
    return whole.subarray((number - first) * pages, (number - first + 1) * pages);
  };
  const numbers = Array.from({ length: past - first }, (_, i) => first + i);
  if (!file.counts) {
    return numbers.flatMap((number) => {
      const present = bitmapOf(inCore(number), geometry);
      if (countPages(present) === 0) return [];
      return [{ number, present, swapPages: undefined, dirtyPages: undefined }];
    });
  }
  const counted = (offset: number, length: number): CacheCounts => {
    const counts = calls.cachestat(file.fd, offset, length);
    if (!counts) throw new NotTold();
    return counts;
  };
  const all = counted(first * bytes, (past - first) * bytes);
  if (all.present === 0 && !(file.isShmem && all.evicted > 0)) return [];
  return numbers.flatMap((number) => {
    const counts = counted(number * bytes, bytes);
    if (counts.present === 0 && !(file.isShmem && counts.evicted > 0)) return [];
    const swapPages = counts.evicted;
    const dirtyPages = Math.min(counts.dirty + counts.writeback, counts.present);
    const present = presentPages(counts);
    return [{ number, present, swapPages, dirtyPages }];

    function presentPages({ present: count }: CacheCounts): Occupancy {
      if (count === 0) return emptyOccupancy(geometry);
      if (count === pages) return fullOccupancy(geometry);
      const bitmap = bitmapOf(inCore(number), geometry);
      // It also calls pages resident that wait in the swap cache, and all pages where it does not tell.
      if (countPages(bitmap) === count) return bitmap;
      const halved = emptyOccupancy(geometry);
      addHalves(halved, 0, pages, count);
      return halved;
    }

    /** Sets `count` pages among those from one on, found by halves. */
    function addHalves(into: Occupancy, page: number, length: number, count: number): void {
      if (count === 0) return;
      if (count >= length) return setPages(into, page, length);
      const half = length / 2;
      const at = number * bytes + page * pageBytes(geometry);
      const before = counted(at, half * pageBytes(geometry)).present;
      addHalves(into, page, half, before);
      addHalves(into, page + half, half, count - before);
    }
  });
}

/** The pages whose lowest bit is set. */
function bitmapOf(states: Uint8Array, geometry: Geometry): Occupancy {
  const bitmap = emptyOccupancy(geometry);
  for (let page = 0; page < states.length; page++) if (states[page] & 1) setPage(bitmap, page);
  return bitmap;
}
