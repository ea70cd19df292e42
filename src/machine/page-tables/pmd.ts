import { NO_FRAME } from '../frames/frame-table.ts';

/** Nothing is mapped and there is no PTE table. */
export const PMD_NONE = 0;
/** Points to a PTE table. */
export const PMD_TABLE = 1;
/** Maps a whole PMD-order folio; a page table is deposited behind it for a later split. */
export const PMD_LEAF = 2;
/**
 * Cleared by khugepaged, which holds the PTE table (collapse_huge_page, docs/khugepaged.md#attempt-steps).
 * Nobody may fault here meanwhile.
 */
export const PMD_DETACHED = 3;
/** A PMD-order folio under migration (check_pmd_state, docs/khugepaged.md#pmd-entries). */
export const PMD_MIGRATION = 4;
/** Maps the huge zero page; a page table is deposited behind it (docs/khugepaged.md#fault-read). */
export const PMD_HUGE_ZERO = 5;

const NO_PTES = new Uint32Array(0);

/** One PMD entry of an address space and what it leads to. */
export class Pmd {
  /** First byte of the range divided by the PMD size. */
  readonly number: number;
  kind = PMD_NONE;
  /** The PTE table; empty unless the entry is PMD_TABLE or PMD_DETACHED. */
  ptes = NO_PTES;
  /** The frame of the PTE table, deposited or in use. */
  tableFrame = NO_FRAME;
  /** For PMD_LEAF and PMD_MIGRATION: a PTE-like value with the head frame of the folio. */
  leaf = 0;
  /** The range of this process's anonymous memory in `AnonRanges`; 0 is unknown. */
  anonRange = 0;

  constructor(number: number) {
    this.number = number;
  }

  /** Drops the PTE array, when the table is freed or deposited. */
  dropPtes(): void {
    this.ptes = NO_PTES;
  }
}
