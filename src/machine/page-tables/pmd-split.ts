import { noteMapped } from '../folios/mapped-shared.ts';
import { PG_EXCLUSIVE } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_TABLE, type Pmd } from './pmd.ts';
import { makePte, PTE_PRESENT, PTE_ZERO, pteBits, pteValue } from './pte.ts';

/**
 * Replaces a PMD leaf by its deposited page table: the folio stays whole and is mapped by PTEs from now on;
 * the huge zero page becomes zero page entries. Source: __split_huge_pmd.
 */
export function splitPmd(machine: Machine, mm: Mm, pmd: Pmd): void {
  if (pmd.kind === PMD_HUGE_ZERO) {
    splitHugeZero(machine, pmd);
    return;
  }
  if (pmd.kind !== PMD_LEAF) throw new Error('only a PMD leaf can be split');
  const f = machine.frames;
  const { rangePages } = machine;
  const head = pteValue(pmd.leaf);
  const bits = pteBits(pmd.leaf);
  pmd.kind = PMD_TABLE;
  pmd.leaf = 0;
  pmd.ptes = new Uint32Array(rangePages);
  let newlyMapped = 0;
  for (let i = 0; i < rangePages; i++) {
    pmd.ptes[i] = makePte(PTE_PRESENT, head + i, bits);
    if (++f.mapcount[head + i] === 1) newlyMapped++;
  }
  if (f.has(head, PG_EXCLUSIVE)) for (let i = 1; i < rangePages; i++) f.set(head + i, PG_EXCLUSIVE);
  f.refcount[head + 3] += newlyMapped;
  f.refcount[head + 2]--;
  f.refcount[head + 1] += rangePages - 1;
  f.refcount[head] += rangePages - 1;
  noteMapped(f, head, mm.id, rangePages - 1);
  machine.counters.vmstat.thp_split_pmd++;
  machine.work.pmdSplits++;
}

function splitHugeZero(machine: Machine, pmd: Pmd): void {
  pmd.kind = PMD_TABLE;
  pmd.ptes = new Uint32Array(machine.rangePages).fill(makePte(PTE_ZERO, 0, 0));
  machine.counters.vmstat.thp_split_pmd++;
  machine.work.pmdSplits++;
}
