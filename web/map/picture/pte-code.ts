import { CODE_EMPTY, CODE_ZERO, orderOfCode } from '../../../src/core/memory/pte-code.ts';

/** Set in the code of what a collapse makes of an empty or zero PTE. */
export const PTE_FILLED = 64;

/** Marks in the codes of a range after a collapse what was empty, or the zero page, before. */
export function markFilled(before: Uint8Array, after: Uint8Array): void {
  for (let pte = 0; pte < after.length; pte++)
    if (orderOfCode(after[pte]) !== undefined && (before[pte] === CODE_EMPTY || before[pte] === CODE_ZERO))
      after[pte] |= PTE_FILLED;
}

/** The order of the folio that a PTE maps, filled or not; undefined when it maps no page of its own. */
export function orderOfTile(code: number): number | undefined {
  return orderOfCode(code & ~PTE_FILLED);
}
