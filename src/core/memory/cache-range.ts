import type { Geometry } from './geometry.ts';
import type { Occupancy } from './occupancy.ts';

/**
 * What the page cache holds of one aligned PMD range of a file or of shared memory. It is there once, however
 * many processes map it. What is `undefined` is unknown.
 */
export interface CacheRange {
  readonly geometry: Geometry;
  /** First byte in the file, a multiple of the PMD size. */
  readonly offset: number;
  /** Pages that are in memory. */
  readonly present: Occupancy;
  /**
   * Pages of shared memory that are swapped out; of a file, pages that reclaim took and left a shadow entry
   * of. The kernel takes both for swap entries.
   */
  readonly swapPages: number | undefined;
  /** The order of the folio that each page is in, 0 for a small page or no page: 2^pmdOrder bytes. */
  readonly folioOrders: Uint8Array | undefined;
  /** Pages of a file that are dirty or being written back. */
  readonly dirtyPages: number | undefined;
  /** The first of them; undefined where there is none, or nothing says which. */
  readonly firstDirtyPage?: number;
  /** PTEs of the processes read that map pages of it, each mapping counted: what RSS of all has of it. */
  readonly mappedPages: number | undefined;
}
