import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_DETACHED, PMD_LEAF, PMD_TABLE, type Pmd } from '../page-tables/pmd.ts';
import { PTE_KIND, PTE_PRESENT, pteValue } from '../page-tables/pte.ts';

/** A place that maps a page: `offset` is its PTE in the range, or -1 for a PMD leaf. */
export type VisitMapping = (mm: Mm, pmd: Pmd, offset: number, frame: number) => void;

/**
 * Visits every PTE of a kind whose value is a page of this folio, and every PMD leaf that maps it. The
 * visitor may change the entry it is shown. A leaf that the visitor splits is not visited again by its PTEs.
 */
export function forEachMapping(
  machine: Machine,
  head: number,
  visit: VisitMapping,
  kind: number = PTE_PRESENT,
): void {
  const { anon, frames, rangePages } = machine;
  const pages = 1 << frames.order[head];
  const index = anon.indexOf(frames.rmap[head]);
  for (const mapper of anon.rootOf(frames.rmap[head])?.mms ?? []) {
    const mm = mapper as Mm;
    for (const moved of mm.moves) {
      for (let i = 0; i < pages; ) {
        const page = index + moved + i;
        const number = Math.floor(page / rangePages);
        const first = page - number * rangePages;
        const count = Math.min(pages - i, rangePages - first);
        const pmd = mm.pmds.get(number);
        if (pmd) visitPtes(mm, pmd, { offset: first, frame: head + i, count }, kind, visit);
        i += count;
      }
    }
  }
}

/** Visits the PTEs from `offset` on that map `count` frames from `frame` on, or the leaf that does. */
function visitPtes(
  mm: Mm,
  pmd: Pmd,
  { offset, frame, count }: { offset: number; frame: number; count: number },
  kind: number,
  visit: VisitMapping,
): void {
  if (pmd.kind === PMD_LEAF) {
    if (offset === 0 && pteValue(pmd.leaf) === frame && kind === PTE_PRESENT) visit(mm, pmd, -1, frame);
    return;
  }
  if (pmd.kind !== PMD_TABLE && pmd.kind !== PMD_DETACHED) return;
  for (let i = 0; i < count; i++) {
    const pte = pmd.ptes[offset + i];
    if ((pte & PTE_KIND) === kind && pteValue(pte) === frame + i) visit(mm, pmd, offset + i, frame + i);
  }
}
