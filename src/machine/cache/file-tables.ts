import {
  clearPages,
  countPages,
  emptyOccupancy,
  hasPage,
  isEmpty,
  type Occupancy,
  setPages,
} from '../../core/memory/occupancy.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import type { FilePages, FilePlace } from './page-cache.ts';

/**
 * What a process maps of files in one PMD range of its addresses. What is mapped is the page of the file that
 * belongs there. Its page table takes no frame.
 */
export interface FileTable {
  readonly mapped: Occupancy;
  /** One PMD entry maps all of it. */
  leaf: boolean;
}

/** An area that maps a file. */
export type FileArea = VmArea & { readonly mapped: FilePlace };

export function mapsFile(area: VmArea): area is FileArea {
  return area.mapped !== undefined;
}

/** The page of the file at an address of an area. */
export function filePageAt({ pageBytes }: Machine, { mapped }: FileArea, address: number): number {
  return Math.floor(address / pageBytes) - mapped.skew;
}

/** Whether the page at an address is mapped. */
export function isFileMapped({ pageBytes, rangePages }: Machine, mm: Mm, address: number): boolean {
  const page = Math.floor(address / pageBytes);
  const table = mm.fileTables.get(Math.floor(page / rangePages));
  return table !== undefined && hasPage(table.mapped, page % rangePages);
}

/** Maps pages of one PMD range from an address on, none of which is mapped. */
export function mapFilePages(machine: Machine, mm: Mm, address: number, pages: number, leaf = false): void {
  const { geometry, pageBytes, rangePages } = machine;
  const page = Math.floor(address / pageBytes);
  const number = Math.floor(page / rangePages);
  let table = mm.fileTables.get(number);
  if (!table) mm.fileTables.set(number, (table = { mapped: emptyOccupancy(geometry), leaf }));
  setPages(table.mapped, page % rangePages, pages);
  table.leaf = leaf;
  mm.fileRssPages += pages;
  if (leaf) machine.counters.vmstat.thp_file_mapped++;
}

/**
 * Unmaps what a process maps of files in [start, end); returns the pages. A PMD entry that maps a part of it
 * goes as a whole: the pages stay in the page cache (__split_huge_pmd_locked).
 */
export function unmapFileAddresses(machine: Machine, mm: Mm, start: number, end: number): number {
  const { pageBytes, rangePages } = machine;
  const [from, to] = [Math.floor(start / pageBytes), Math.ceil(end / pageBytes)];
  let unmapped = 0;
  for (let number = Math.floor(from / rangePages); number * rangePages < to; number++) {
    const table = mm.fileTables.get(number);
    if (!table) continue;
    const before = countPages(table.mapped);
    const base = number * rangePages;
    const first = table.leaf ? 0 : Math.max(0, from - base);
    clearPages(table.mapped, first, (table.leaf ? rangePages : Math.min(rangePages, to - base)) - first);
    unmapped += before - countPages(table.mapped);
    if (isEmpty(table.mapped)) mm.fileTables.delete(number);
  }
  mm.fileRssPages -= unmapped;
  return unmapped;
}

/** Unmaps pages of a file from all that map them; returns how many PTEs went (unmap_mapping_pages). */
export function unmapFromAll(machine: Machine, pages: FilePages, first: number, count: number): number {
  let unmapped = 0;
  forEachMapper(machine, pages, (mm, area) => {
    const start = Math.max(area.start, (first + area.mapped.skew) * machine.pageBytes);
    const end = Math.min(area.end, (first + count + area.mapped.skew) * machine.pageBytes);
    if (start < end) unmapped += unmapFileAddresses(machine, mm, start, end);
  });
  return unmapped;
}

/** PTEs of all processes that map a page of a file. */
export function mappingsOf(machine: Machine, pages: FilePages, first: number, count: number): number {
  let mappings = 0;
  forEachMapper(machine, pages, (mm, area) => {
    for (let page = first; page < first + count; page++) {
      const address = (page + area.mapped.skew) * machine.pageBytes;
      if (address >= area.start && address < area.end && isFileMapped(machine, mm, address)) mappings++;
    }
  });
  return mappings;
}

/** Visits every area that maps a file. */
export function forEachMapper(
  machine: Machine,
  pages: FilePages,
  visit: (mm: Mm, area: FileArea) => void,
): void {
  for (const mm of machine.mms.values())
    for (const area of mm.areas.all()) if (mapsFile(area) && area.mapped.pages === pages) visit(mm, area);
}
