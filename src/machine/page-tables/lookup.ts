import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { PMD_DETACHED, PMD_HUGE_ZERO, PMD_LEAF, PMD_TABLE, type Pmd } from './pmd.ts';
import {
  makePte,
  PTE_KIND,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD_MARKER,
  PTE_ZERO,
  pteBits,
  pteValue,
} from './pte.ts';

/** The PMD entry at an address; undefined if its range was never touched. */
export function pmdAt(machine: Machine, mm: Mm, address: number): Pmd | undefined {
  return mm.pmds.get(Math.floor(address / machine.rangeBytes));
}

/** The position of an address in its range, in PTEs. */
export function offsetOf(machine: Machine, address: number): number {
  return Math.floor((address % machine.rangeBytes) / machine.pageBytes);
}

/** The PTE at an address; under a PMD leaf the one that a split would make. */
export function pteAt(machine: Machine, mm: Mm, address: number): number {
  const pmd = pmdAt(machine, mm, address);
  const offset = offsetOf(machine, address);
  if (pmd?.kind === PMD_TABLE || pmd?.kind === PMD_DETACHED) return pmd.ptes[offset];
  if (pmd?.kind === PMD_LEAF) return makePte(PTE_PRESENT, pteValue(pmd.leaf) + offset, pteBits(pmd.leaf));
  return pmd?.kind === PMD_HUGE_ZERO ? makePte(PTE_ZERO, 0, 0) : PTE_NONE;
}

/** The frame that is mapped at an address; undefined if none is, or the shared zero page. */
export function frameAt(machine: Machine, mm: Mm, address: number): number | undefined {
  const pte = pteAt(machine, mm, address);
  return (pte & PTE_KIND) === PTE_PRESENT ? pteValue(pte) : undefined;
}

/**
 * What a process would read at an address, without touching it: 0 for empty pages, undefined where it cannot
 * read.
 */
export function contentAt(machine: Machine, mm: Mm, address: number): number | undefined {
  const pte = pteAt(machine, mm, address);
  switch (pte & PTE_KIND) {
    case PTE_PRESENT:
      return machine.frames.content[pteValue(pte)];
    case PTE_NONE:
    case PTE_ZERO:
    case PTE_UFFD_MARKER:
      return 0;
    case PTE_SWAP:
      return machine.swap.content(pteValue(pte));
  }
  return undefined;
}
