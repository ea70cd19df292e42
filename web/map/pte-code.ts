import { type PteKind, pteKind } from '../../src/core/memory/pte-kind.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';

/** What a PTE holds, in a byte: one of these, or MAPPED + the order of its folio. */
const PTE_EMPTY = 0;
export const PTE_SWAPPED = 1;
export const CODE_ZERO = 2;
export const PTE_MAPPED = 16;
/** Set of what a collapse makes of an empty or zero PTE. */
export const PTE_FILLED = 64;

const CODES = { empty: PTE_EMPTY, swap: PTE_SWAPPED, zero: CODE_ZERO } satisfies Record<
  PteKind & string,
  number
>;

/** Writes a code for each PTE of a range. */
export function writePteCodes(range: RangeState, into: Uint8Array): void {
  for (let pte = 0; pte < into.length; pte++) {
    const kind = pteKind(range, pte);
    into[pte] = typeof kind === 'string' ? CODES[kind] : PTE_MAPPED + kind;
  }
}

/** Marks in the codes of a range after a collapse what was empty, or the zero page, before. */
export function markFilled(before: Uint8Array, after: Uint8Array): void {
  for (let pte = 0; pte < after.length; pte++)
    if (after[pte] >= PTE_MAPPED && (before[pte] === PTE_EMPTY || before[pte] === CODE_ZERO))
      after[pte] |= PTE_FILLED;
}

/** The order of the folio that a PTE maps; undefined when it maps no page of its own. */
export function orderOfCode(code: number): number | undefined {
  return code >= PTE_MAPPED ? (code & ~PTE_FILLED) - PTE_MAPPED : undefined;
}
