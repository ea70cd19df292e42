import type { Geometry } from '../memory/geometry.ts';
import { type Occupancy, wordsPerRange } from '../memory/occupancy.ts';

/**
 * Windows of one range by order, and its pages. Overwritten by each count, so that counting allocates
 * nothing.
 */
export interface WindowCounts {
  /** Occupied PTEs. */
  pages: number;
  /** Wholly occupied windows: index = order, from 2 to one below the PMD order. */
  readonly full: Uint32Array;
  /** Windows with any occupied PTE, the same way. */
  readonly any: Uint32Array;
  /** Whether each word is full (bit 0) or holds anything (bit 1), halved from order to order. */
  readonly flags: Uint8Array;
}

export function emptyWindowCounts(geometry: Geometry): WindowCounts {
  return {
    pages: 0,
    full: new Uint32Array(geometry.pmdOrder + 1),
    any: new Uint32Array(geometry.pmdOrder + 1),
    flags: new Uint8Array(wordsPerRange(geometry)),
  };
}

const WORD_ORDER = 5;

/**
 * Counts the full and the occupied windows of every order below the PMD order in one pass over a bitmap.
 * Windows inside a 32-bit word are found side by side: a window's flag sits at the bit of its first page.
 * This is the reference for bitmaps.wat, and does the counting in geometries that bitmaps.wat does not know.
 */
export function countWindows(occupied: Occupancy, geometry: Geometry, counts: WindowCounts): void {
  const { full, any, flags } = counts;
  full.fill(0);
  any.fill(0);
  let pages = 0;
  for (let i = 0; i < occupied.length; i++) {
    const word = occupied[i];
    flags[i] = word === 0 ? 0 : (word | 0) === -1 ? 3 : 2;
    if (word === 0) continue;
    const pairs = word - ((word >>> 1) & 0x55555555);
    const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
    pages += Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    const twos = word & (word >>> 1);
    const full2 = twos & (twos >>> 2) & 0x11111111;
    const full3 = full2 & (full2 >>> 4) & 0x01010101;
    full[2] += Math.imul(full2, 0x11111111) >>> 28;
    full[3] += Math.imul(full3, 0x01010101) >>> 24;
    full[4] += (full3 & (full3 >>> 8) & 1) + ((full3 >>> 16) & (full3 >>> 24) & 1);
    const ones = word | (word >>> 1);
    const any2 = (ones | (ones >>> 2)) & 0x11111111;
    const any3 = (any2 | (any2 >>> 4)) & 0x01010101;
    any[2] += Math.imul(any2, 0x11111111) >>> 28;
    any[3] += Math.imul(any3, 0x01010101) >>> 24;
    any[4] += ((any3 | (any3 >>> 8)) & 1) + (((any3 >>> 16) | (any3 >>> 24)) & 1);
  }
  counts.pages = pages;
  let windows = occupied.length;
  for (let order = WORD_ORDER; order < geometry.pmdOrder; order++) {
    for (let i = 0; i < windows; i++) {
      full[order] += flags[i] & 1;
      any[order] += flags[i] >>> 1;
    }
    windows >>>= 1;
    for (let i = 0; i < windows; i++) {
      const left = flags[2 * i];
      const right = flags[2 * i + 1];
      flags[i] = (left & right & 1) | ((left | right) & 2);
    }
  }
  // In ranges of fewer than 32 PTEs the loop above has counted the range itself, too.
  for (let order = geometry.pmdOrder; order <= Math.min(4, full.length - 1); order++)
    full[order] = any[order] = 0;
}
