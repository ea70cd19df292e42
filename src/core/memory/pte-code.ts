import { hasPage } from './occupancy.ts';
import type { RangeState } from './range-state.ts';

/**
 * What a PTE holds, in a byte: one of these, or the code of the order of the folio that it maps. See
 * pte-kind.ts.
 */
export const CODE_EMPTY = 0;
export const CODE_ZERO = 32;
export const CODE_SWAP = 33;
/** Of the machine, which tells it from swap: a marker, or a page under migration. */
export const CODE_OTHER = 34;

/** The code of a PTE that maps a page of a folio of this order; order 0 is a small page. */
export function codeOfOrder(order: number): number {
  return order + 1;
}

/** The order of the folio that a PTE maps; undefined for codes of PTEs that map no page of a folio. */
export function orderOfCode(code: number): number | undefined {
  return code > CODE_EMPTY && code < CODE_ZERO ? code - 1 : undefined;
}

/** Writes the code of each PTE of a range. */
export function writePteCodes(range: RangeState, into: Uint8Array): void {
  const { geometry, folioOrders, pmdMapped } = range;
  const { present, swap, zero } = range.facts;
  if (pmdMapped) {
    into.fill(zero && hasPage(zero, 0) ? CODE_ZERO : codeOfOrder(geometry.pmdOrder));
    return;
  }
  into.fill(CODE_EMPTY);
  for (let i = 0; i < present.length; i++) {
    for (let left = swap[i] & ~present[i]; left !== 0; left &= left - 1) into[firstOf(left, i)] = CODE_SWAP;
    for (let left = present[i]; left !== 0; left &= left - 1) {
      const page = firstOf(left, i);
      if (zero && hasPage(zero, page)) into[page] = CODE_ZERO;
      else into[page] = codeOfOrder(folioOrders ? folioOrders[page] : 0);
    }
  }
}

/** The first page of those in a word of a bitmap. */
function firstOf(bits: number, word: number): number {
  return 32 * word + 31 - Math.clz32(bits & -bits);
}
