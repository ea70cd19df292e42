import type { CacheRange } from '../../core/memory/cache-range.ts';
import {
  countPages,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPage,
} from '../../core/memory/occupancy.ts';
import { NO_FRAME } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { becomeCacheFolio, dropFolio, insertFolio } from './cache-folio.ts';
import { unmapFromAll } from './file-tables.ts';
import { type FilePages, rangeOf } from './page-cache.ts';

/**
 * A PMD range of a file as core's rules see it. Nothing of it is unknown but, as that takes long, how often
 * it is mapped.
 */
export function viewCacheRange(machine: Machine, pages: FilePages, number: number): CacheRange {
  const { geometry, rangeBytes, rangePages } = machine;
  const { frames, dirty, swapPages } = rangeOf(machine, pages, number);
  const { order } = machine.frames;
  if (frames[0] !== NO_FRAME && order[frames[0]] === geometry.pmdOrder) return wholeRange();
  const present = emptyOccupancy(geometry);
  const folioOrders = new Uint8Array(rangePages);
  for (let i = 0; i < rangePages; i++) {
    if (frames[i] === NO_FRAME) continue;
    setPage(present, i);
    folioOrders[i] = order[frames[i]];
  }
  return view(present, folioOrders);

  function wholeRange(): CacheRange {
    return view(fullOccupancy(geometry), new Uint8Array(rangePages).fill(geometry.pmdOrder));
  }

  function view(pagesPresent: Occupancy, orders: Uint8Array): CacheRange {
    return {
      geometry,
      offset: number * rangeBytes,
      present: pagesPresent,
      swapPages,
      folioOrders: orders,
      dirtyPages: countPages(dirty),
      mappedPages: undefined,
    };
  }
}

/** What a collapse of a range of a file did, in base pages. */
export interface CacheCollapse {
  readonly copied: number;
  /** Holes that are pages now: of shared memory zeros, of a file read from the disk. */
  readonly filled: number;
  /** PTEs of all mappers that went. */
  readonly unmapped: number;
}

/**
 * Puts a new folio of the PMD order, charged and unmapped, in the place of all that a range of a file holds:
 * its pages are copied, everybody's page tables for it go, the old folios are freed. Source: collapse_file
 * and retract_page_tables, docs/khugepaged.md#files-and-shared-memory.
 */
export function installCacheFolio(
  machine: Machine,
  pages: FilePages,
  number: number,
  head: number,
): CacheCollapse {
  const { frames: f, rangePages, work } = machine;
  const range = rangeOf(machine, pages, number);
  const first = number * rangePages;
  const unmapped = unmapFromAll(machine, pages, first, rangePages);
  let copied = 0;
  for (let i = 0; i < rangePages; i++) {
    if (range.frames[i] !== NO_FRAME) copied++;
    f.content[head + i] = range.frames[i] === NO_FRAME ? 0 : f.content[range.frames[i]];
  }
  for (let i = 0; i < rangePages; i++) if (range.frames[i] !== NO_FRAME) dropFolio(machine, pages, first + i);
  becomeCacheFolio(machine, head);
  insertFolio(machine, pages, first, head);
  work.copiedPages += copied;
  work.zeroedPages += rangePages - copied - range.swapPages;
  work.swapReads += range.swapPages;
  range.swapPages = 0;
  return { copied, filled: rangePages - copied, unmapped };
}
