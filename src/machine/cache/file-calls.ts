import { clearPages, hasPage } from '../../core/memory/occupancy.ts';
import { NO_FRAME } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { addSmallPage, dropFolio, noteWritten, splitCacheFolio } from './cache-folio.ts';
import { forEachMapper, mappingsOf, unmapFileAddresses, unmapFromAll } from './file-tables.ts';
import { cachedFrame, type FilePages, rangeOf } from './page-cache.ts';

/**
 * fallocate(FALLOC_FL_PUNCH_HOLE): pages [first, first + count) leave the page cache and everybody's page
 * tables. A large folio of which a part goes is split to small pages; the kernel may leave larger ones.
 */
export function punchHole(machine: Machine, pages: FilePages, first: number, count: number): void {
  for (let page = first; page < first + count; page++) {
    const head = headAt(machine, pages, page);
    if (head === NO_FRAME) continue;
    const size = 1 << machine.frames.order[head];
    const from = Math.floor(page / size) * size;
    unmapFromAll(machine, pages, from, size);
    if (from < first || from + size > first + count) splitCacheFolio(machine, head);
    dropFolio(machine, pages, page);
  }
}

/**
 * posix_fadvise(POSIX_FADV_DONTNEED): folios of a file that lie wholly inside, are clean and not mapped leave
 * the page cache. Shared memory stays. Source: invalidate_mapping_pages.
 */
export function fadviseDontneed(machine: Machine, pages: FilePages, first: number, count: number): void {
  if (pages.file.kind !== 'file') return;
  for (let page = first; page < first + count; page++) {
    const head = headAt(machine, pages, page);
    if (head === NO_FRAME) continue;
    const size = 1 << machine.frames.order[head];
    const from = Math.floor(page / size) * size;
    if (from < first || from + size > first + count) continue;
    if (isAnyDirty(machine, pages, from, size) || mappingsOf(machine, pages, from, size) > 0) continue;
    dropFolio(machine, pages, page);
  }
}

/** fsync: what was written of pages [first, first + count) is on the disk, at once. */
export function syncFile(machine: Machine, pages: FilePages, first: number, count: number): void {
  for (let page = first; page < first + count; page++) {
    const range = pages.ranges.get(Math.floor(page / machine.rangePages));
    if (range) clearPages(range.dirty, page % machine.rangePages, 1);
  }
}

/**
 * write: pages [first, first + count) of a file hold something new; those that are not in the page cache come
 * as small pages, charged to who writes. False if there is no memory.
 */
export function writeFile(machine: Machine, mm: Mm, pages: FilePages, first: number, count: number): boolean {
  for (let page = first; page < first + count; page++) {
    if (cachedFrame(machine, pages, page) === NO_FRAME && !addSmallPage(machine, mm, pages, page))
      return false;
    noteWritten(machine, pages, page);
  }
  return true;
}

/** An area that maps a file has gone: so do its PTEs, and shared memory that nobody else maps. */
export function closeFileArea(machine: Machine, mm: Mm, { start, end, mapped }: VmArea): void {
  unmapFileAddresses(machine, mm, start, end);
  if (mapped) releaseUnmapped(machine, mapped.pages);
}

/** Frees shared memory that nobody maps any more, and that has no name by which somebody could. */
function releaseUnmapped(machine: Machine, pages: FilePages): void {
  if (pages.file.kind !== 'shared-anonymous' && pages.file.kind !== 'internal') return;
  let mappers = 0;
  forEachMapper(machine, pages, () => mappers++);
  if (mappers > 0) return;
  for (const [number, { frames }] of pages.ranges) {
    for (let i = 0; i < frames.length; i++)
      if (frames[i] !== NO_FRAME) dropFolio(machine, pages, number * machine.rangePages + i);
  }
  pages.ranges.clear();
}

function headAt(machine: Machine, pages: FilePages, page: number): number {
  const frame = cachedFrame(machine, pages, page);
  return frame === NO_FRAME ? NO_FRAME : machine.frames.headOf(frame);
}

function isAnyDirty(machine: Machine, pages: FilePages, first: number, count: number): boolean {
  const { rangePages } = machine;
  const { dirty } = rangeOf(machine, pages, Math.floor(first / rangePages));
  for (let i = 0; i < count; i++) if (hasPage(dirty, (first + i) % rangePages)) return true;
  return false;
}
