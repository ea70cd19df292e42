import { emptyOccupancy, type Occupancy } from '../../core/memory/occupancy.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import { NO_FRAME } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';

/** What the page cache holds of one PMD range of a file. */
export interface CachedRange {
  /** The frame of each page, NO_FRAME where there is none. */
  readonly frames: Int32Array;
  /** Pages of a file that were written and are not on the disk yet. */
  readonly dirty: Occupancy;
  /** Swap entries of shared memory: how many, not which pages they are of. */
  swapPages: number;
}

/** A file, or shared memory, with its pages: they are there once, whoever maps them. */
export class FilePages {
  readonly file: CachedFile;
  /** Ranges that ever held a page, by their number in the file. */
  readonly ranges = new Map<number, CachedRange>();

  constructor(file: CachedFile) {
    this.file = file;
  }
}

/** What an area maps: a place in the file is the page of its address less `skew`. */
export interface FilePlace {
  readonly pages: FilePages;
  /** In pages. */
  readonly skew: number;
}

/** All files and shared memory of a machine. */
export class PageCache {
  readonly files = new Set<FilePages>();
  /** Base pages in it. */
  pages = 0;
  /** Of these, pages of folios of the PMD order. */
  hugePages = 0;

  add(file: CachedFile): FilePages {
    const pages = new FilePages(file);
    this.files.add(pages);
    return pages;
  }
}

/** The range of a file, made on first use. */
export function rangeOf(machine: Machine, pages: FilePages, number: number): CachedRange {
  let range = pages.ranges.get(number);
  if (!range) {
    const frames = new Int32Array(machine.rangePages).fill(NO_FRAME);
    range = { frames, dirty: emptyOccupancy(machine.geometry), swapPages: 0 };
    pages.ranges.set(number, range);
  }
  return range;
}

/** The frame of a page of a file; NO_FRAME if it is not in the page cache. */
export function cachedFrame({ rangePages }: Machine, pages: FilePages, page: number): number {
  return pages.ranges.get(Math.floor(page / rangePages))?.frames[page % rangePages] ?? NO_FRAME;
}
