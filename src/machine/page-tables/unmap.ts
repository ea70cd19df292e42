import { putFolio, removeLeafRmap, removeRmap } from '../folios/folio.ts';
import { freeTable } from '../folios/folio-alloc.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { PMD_DETACHED, PMD_HUGE_ZERO, PMD_LEAF, PMD_MIGRATION, PMD_NONE, type Pmd } from './pmd.ts';
import { splitPmd } from './pmd-split.ts';
import { PTE_GUARD, PTE_KIND, PTE_MIGRATION, PTE_NONE, PTE_PRESENT, PTE_SWAP, pteValue } from './pte.ts';

/**
 * Visits the populated ranges of [start, end): `first` and `last` (exclusive) are the PTEs of the range
 * inside it.
 */
export function forEachRange(
  machine: Machine,
  mm: Mm,
  start: number,
  end: number,
  visit: (pmd: Pmd, first: number, last: number) => void,
): void {
  const { rangeBytes, pageBytes, rangePages } = machine;
  for (let number = Math.floor(start / rangeBytes); number * rangeBytes < end; number++) {
    const pmd = mm.pmds.get(number);
    if (pmd === undefined || pmd.kind === PMD_NONE) continue;
    const base = number * rangeBytes;
    const first = Math.max(0, (start - base) / pageBytes);
    visit(pmd, first, Math.min(rangePages, Math.ceil((end - base) / pageBytes)));
  }
}

/**
 * Operations that take the mmap lock for write, or fault, never meet a range that khugepaged or migration
 * holds.
 */
export function refuseHeld(pmd: Pmd): void {
  if (pmd.kind === PMD_DETACHED) throw new Error(`range ${pmd.number} is changed while khugepaged holds it`);
  if (pmd.kind === PMD_MIGRATION) throw new Error(`range ${pmd.number} is changed while it migrates`);
}

/**
 * Unmaps all pages of [start, end) and drops its swap entries. `markers`: guard markers go too. `tables`:
 * which page tables are freed if nothing is left in them: those whose `whole` range is inside, or every
 * `empty` one (docs/khugepaged.md#page-faults, rule 5). Source: unmap_page_range, zap_page_range.
 */
export function unmapPages(
  machine: Machine,
  mm: Mm,
  start: number,
  end: number,
  { markers, tables }: { markers: boolean; tables: 'keep' | 'whole' | 'empty' },
): void {
  forEachRange(machine, mm, start, end, (pmd, first, last) => {
    refuseHeld(pmd);
    const whole = first === 0 && last === machine.rangePages;
    if (pmd.kind === PMD_LEAF || pmd.kind === PMD_HUGE_ZERO) {
      if (whole) {
        if (pmd.kind === PMD_LEAF) unmapLeaf(machine, mm, pmd);
        freeTable(machine, mm, pmd);
        return;
      }
      splitPmd(machine, mm, pmd);
    }
    unmapPtes(machine, mm, pmd, first, last, { markers });
    const mayFree = tables === 'empty' || (tables === 'whole' && whole);
    if (mayFree && pmd.ptes.every((pte) => pte === PTE_NONE)) freeTable(machine, mm, pmd);
  });
}

function unmapLeaf(machine: Machine, mm: Mm, pmd: Pmd): void {
  const head = pteValue(pmd.leaf);
  mm.rssPages -= machine.rangePages;
  removeLeafRmap(machine, head, mm.id);
  putFolio(machine, head, 1);
}

/**
 * Clears PTEs [first, last), guard markers only with `markers`; pages that follow each other in a folio go
 * together.
 */
export function unmapPtes(
  machine: Machine,
  mm: Mm,
  pmd: Pmd,
  first: number,
  last: number,
  { markers }: { markers: boolean },
): void {
  const { ptes } = pmd;
  const f = machine.frames;
  for (let offset = first; offset < last; ) {
    const pte = ptes[offset];
    const kind = pte & PTE_KIND;
    let count = 1;
    if (kind === PTE_PRESENT) {
      const frame = pteValue(pte);
      const head = f.headOf(frame);
      const end = Math.min(last, offset + head + (1 << f.order[head]) - frame);
      while (offset + count < end && isNext(ptes[offset + count], frame + count)) count++;
      ptes.fill(PTE_NONE, offset, offset + count);
      mm.rssPages -= count;
      removeRmap(machine, frame, count, mm.id);
      putFolio(machine, head, count);
    } else if (kind !== PTE_GUARD || markers) {
      if (kind === PTE_SWAP) {
        machine.swap.put(pteValue(pte));
        mm.swapEntries--;
      } else if (kind === PTE_MIGRATION) mm.rssPages--;
      ptes[offset] = PTE_NONE;
    }
    offset += count;
  }
}

function isNext(pte: number, frame: number): boolean {
  return (pte & PTE_KIND) === PTE_PRESENT && pteValue(pte) === frame;
}
