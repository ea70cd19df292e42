import type { Machine } from '../../../src/machine/machine.ts';
import type { Mm } from '../../../src/machine/page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, type Pmd } from '../../../src/machine/page-tables/pmd.ts';
import { splitPmd } from '../../../src/machine/page-tables/pmd-split.ts';
import { forEachRange, refuseHeld } from '../../../src/machine/page-tables/unmap.ts';

/** As forEachRange, but for ranges that are mapped by a PTE table; PMD leaves are split for it. */
export function forEachTable(
  machine: Machine,
  mm: Mm,
  start: number,
  end: number,
  visit: (pmd: Pmd, first: number, last: number) => void,
): void {
  forEachRange(machine, mm, start, end, (pmd, first, last) => {
    refuseHeld(pmd);
    if (pmd.kind === PMD_LEAF || pmd.kind === PMD_HUGE_ZERO) splitPmd(machine, mm, pmd);
    visit(pmd, first, last);
  });
}
