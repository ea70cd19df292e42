import { MOVABLE, UNMOVABLE } from '../frames/buddy.ts';
import { type AllocMode, allocFrames } from '../frames/frame-alloc.ts';
import { FRAME_PAGE_TABLE, NO_FRAME, PG_HEAD } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_NONE, PMD_TABLE, type Pmd } from '../page-tables/pmd.ts';
import { charge } from '../reclaim/charge.ts';
import type { Memcg } from '../reclaim/memcg.ts';
import { initFolio } from './folio.ts';

/** Why there is no folio. */
export const ALLOC_FAILED = -1;
export const CHARGE_FAILED = -2;

/**
 * Allocates a folio with one reference, that of the caller, and charges it: its head frame, or ALLOC_FAILED
 * or CHARGE_FAILED. It is not on the LRU, its pages hold anything.
 * `init` makes it what it is to be, anonymous by default.
 * Source: alloc_charge_folio, docs/khugepaged.md#allocation.
 */
export function allocFolio(
  machine: Machine,
  order: number,
  memcg: Memcg,
  nodes: readonly number[],
  mode: AllocMode,
  init = initFolio,
): number {
  const head = allocFrames(machine, order, MOVABLE, nodes, mode);
  if (head === NO_FRAME) return ALLOC_FAILED;
  if (!charge(machine, memcg, 1 << order, mode)) {
    machine.nodeOf(head).free(head, order);
    return CHARGE_FAILED;
  }
  init(machine, head, order, memcg);
  return head;
}

/** A page for a process: from its own node first. */
export function allocPage(machine: Machine, mm: Mm): number {
  return allocFolio(machine, 0, mm.memcg, machine.nodeOrders[mm.node], 'direct');
}

/** Gives a range its page table, empty; false if there is no memory for it. Page tables are not charged. */
export function ensureTable(machine: Machine, mm: Mm, pmd: Pmd): boolean {
  if (pmd.kind === PMD_TABLE) return true;
  if (pmd.kind !== PMD_NONE)
    throw new Error(`range ${pmd.number} is mapped as a whole or held by khugepaged`);
  if (!reserveTable(machine, mm, pmd)) return false;
  openTable(machine, pmd);
  return true;
}

/** Puts a reserved page table, empty, under its PMD entry, unless it is in use. */
export function openTable(machine: Machine, pmd: Pmd): void {
  if (pmd.kind === PMD_TABLE) return;
  pmd.kind = PMD_TABLE;
  pmd.ptes = new Uint32Array(machine.rangePages);
}

/** Allocates the frame of a page table, to be used at once or deposited behind a PMD leaf. */
export function reserveTable(machine: Machine, mm: Mm, pmd: Pmd): boolean {
  const frame = allocFrames(machine, 0, UNMOVABLE, machine.nodeOrders[mm.node], 'direct');
  if (frame === NO_FRAME) return false;
  machine.frames.flags[frame] = FRAME_PAGE_TABLE | PG_HEAD;
  pmd.tableFrame = frame;
  mm.pageTables++;
  return true;
}

/** Frees the page table of a range, which must map nothing any more. */
export function freeTable(machine: Machine, mm: Mm, pmd: Pmd): void {
  machine.frames.flags[pmd.tableFrame] = 0;
  machine.nodeOf(pmd.tableFrame).free(pmd.tableFrame, 0);
  pmd.tableFrame = NO_FRAME;
  pmd.kind = PMD_NONE;
  pmd.leaf = 0;
  pmd.dropPtes();
  mm.pageTables--;
}
