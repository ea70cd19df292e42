import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { countPages, isEmpty, type Occupancy, wordsPerRange } from '../memory/occupancy.ts';
import { asOffset, asOrder, type OrderSet, type Window } from '../memory/order.ts';

/** A window as one number: offset * 16 + order. */
export type PackedWindow = number;

export function unpackWindow(packed: PackedWindow): Window {
  return { offset: asOffset(packed >>> 4), order: asOrder(packed & 15) };
}

/**
 * Appends the windows that khugepaged of 7.2 collapses in a range when every attempt succeeds, ascending, as
 * the walk does (mthp_collapse, docs/khugepaged.md#the-walk). It looks at each word of the bitmap once: full
 * words in a row decide the orders from 5 on, flags inside a word those below.
 */
export function planWindows(
  occupied: Occupancy,
  orders: OrderSet,
  maxPtesNone: number,
  geometry: Geometry,
  windows: PackedWindow[],
): void {
  if (orders === 0 || isEmpty(occupied)) return;
  const { pmdOrder } = geometry;
  const pages = pagesPerRange(geometry);
  if (maxPtesNone === pages - 1) return planAny(occupied, 31 - Math.clz32(orders), geometry, windows);
  if ((orders >>> pmdOrder) & 1 && countPages(occupied) >= pages - maxPtesNone) {
    windows.push(pmdOrder);
    return;
  }
  const below = orders & ((1 << pmdOrder) - 1);
  if (below !== 0) planFull(occupied, below, geometry, windows);
}

/** Every window of this order that holds a page. */
function planAny(occupied: Occupancy, order: number, geometry: Geometry, windows: PackedWindow[]): void {
  const pages = pagesPerRange(geometry);
  const size = 1 << order;
  for (let offset = 0; offset < pages; offset += size) {
    let bits = 0;
    if (order < 5) bits = (occupied[offset >>> 5] >>> (offset & 31)) & ((1 << size) - 1);
    else for (let i = offset >>> 5; i < (offset + size) >>> 5; i++) bits |= occupied[i];
    if (bits !== 0) windows.push(offset * 16 + order);
  }
}

/** The largest full windows of these orders, none of which is the PMD order. */
function planFull(occupied: Occupancy, orders: number, geometry: Geometry, windows: PackedWindow[]): void {
  const words = wordsPerRange(geometry);
  for (let i = 0; i < words; ) {
    const word = occupied[i];
    const large = (word | 0) === -1 ? largestOfWords(occupied, i, orders) : 0;
    if (large > 0) {
      windows.push(i * 512 + large);
      i += 1 << (large - 5);
    } else {
      if (word !== 0) planWord(word, i * 32, orders, windows);
      i++;
    }
  }
}

/** The largest of the orders from 5 on whose window begins at a full word and is full; 0 if none is. */
function largestOfWords(occupied: Occupancy, first: number, orders: number): number {
  const natural = first === 0 ? 31 : 31 - Math.clz32(first & -first);
  let largest = 0;
  let checked = 1;
  for (let order = 5; order <= 5 + natural && orders >>> order !== 0; order++) {
    for (; checked < 1 << (order - 5); checked++) if ((occupied[first + checked] | 0) !== -1) return largest;
    if ((orders >>> order) & 1) largest = order;
  }
  return largest;
}

/** Windows of orders 2 to 4 inside one word; a window's flag is at the bit of its first page. */
function planWord(word: number, offset: number, orders: number, windows: PackedWindow[]): void {
  const twos = word & (word >>> 1);
  const full2 = twos & (twos >>> 2) & 0x11111111;
  const full3 = full2 & (full2 >>> 4) & 0x01010101;
  const full4 = orders & 16 ? full3 & (full3 >>> 8) & 0x00010001 : 0;
  const chosen3 = orders & 8 ? full3 : 0;
  let left = full4 | chosen3 | (orders & 4 ? full2 : 0);
  while (left !== 0) {
    const flag = left & -left;
    const order = full4 & flag ? 4 : chosen3 & flag ? 3 : 2;
    const at = 31 - Math.clz32(flag);
    windows.push((offset + at) * 16 + order);
    left &= order === 4 ? (at === 0 ? 0xffff0000 : 0) : order === 3 ? ~(0x11 * flag) : ~flag;
  }
}
