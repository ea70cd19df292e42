import type { ScanResult } from '../../core/rules/scan-result.ts';
import { mapNewFolio, mapNewLeaf, type PtePlace } from '../fault/fault-map.ts';
import { swapInPte } from '../fault/fault-swap.ts';
import { deferSplit, expectedRefs } from '../folios/folio.ts';
import { isolateFromLru, putBackToLru } from '../folios/lru.ts';
import { PG_LOCKED, PG_POISONED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { PMD_DETACHED, PMD_TABLE, type Pmd } from './pmd.ts';
import { PTE_KIND, PTE_MIGRATION, PTE_PRESENT, PTE_SWAP, pteValue } from './pte.ts';
import { unmapPtes } from './unmap.ts';
import type { VmArea } from './vm-area.ts';

/**
 * Clears a PMD entry; the PTE table is the caller's until it is put back or replaced by a leaf
 * (collapse_huge_page, docs/khugepaged.md#attempt-steps).
 */
export function detachPmd(pmd: Pmd): void {
  if (pmd.kind !== PMD_TABLE) throw new Error(`range ${pmd.number} has no PTE table to detach`);
  pmd.kind = PMD_DETACHED;
}

/** Puts a detached PTE table back. */
export function reattachPmd(pmd: Pmd): void {
  if (pmd.kind !== PMD_DETACHED) throw new Error(`the PTE table of range ${pmd.number} is not detached`);
  pmd.kind = PMD_TABLE;
}

/**
 * Faults a non-present entry in (__collapse_huge_page_swapin, docs/khugepaged.md#swap-in): `retry` when the
 * page is under migration, `fail` for markers, lost pages and when there is no memory.
 */
export function faultInEntry(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  offset: number,
): 'done' | 'retry' | 'fail' {
  const kind = pmd.ptes[offset] & PTE_KIND;
  if (kind === PTE_MIGRATION) return 'retry';
  if (kind !== PTE_SWAP || swapInPte(machine, mm, area, pmd, offset)) return 'fail';
  return 'done';
}

/**
 * Locks a folio and takes it off the LRU. Returns the obstacle, if there is one.
 * Source: __collapse_huge_page_isolate, docs/khugepaged.md#isolation, rows 9 to 11.
 */
export function isolateFolio(machine: Machine, head: number): ScanResult | undefined {
  const f = machine.frames;
  if (f.has(head, PG_LOCKED)) return 'SCAN_PAGE_LOCK';
  if (f.refcount[head] !== expectedRefs(f, head)) return 'SCAN_PAGE_COUNT';
  if (!isolateFromLru(machine, head)) return 'SCAN_DEL_PAGE_LRU';
  f.set(head, PG_LOCKED);
  return undefined;
}

/** Unlocks an isolated folio and gives it back to the LRU, through the batch of the current CPU. */
export function releaseFolio(machine: Machine, head: number): void {
  machine.frames.clear(head, PG_LOCKED);
  putBackToLru(machine, head);
}

/**
 * Copies the window at `offset` into a new folio of its order; empty and zero-page PTEs become zeros.
 * Returns the PTE whose page had a memory error (SCAN_COPY_MC), undefined if all went well
 * (__collapse_huge_page_copy, docs/khugepaged.md#copy).
 */
export function copyWindow(machine: Machine, pmd: Pmd, offset: number, head: number): number | undefined {
  const { frames: f, work } = machine;
  for (let i = 0; i < 1 << f.order[head]; i++) {
    const pte = pmd.ptes[offset + i];
    if ((pte & PTE_KIND) !== PTE_PRESENT) {
      f.content[head + i] = 0;
      work.zeroedPages++;
      continue;
    }
    if (f.has(pteValue(pte), PG_POISONED)) return offset + i;
    f.content[head + i] = f.content[pteValue(pte)];
    work.copiedPages++;
  }
  return undefined;
}

/**
 * Puts the copied folio in the place of its window: the old PTEs go, their isolated folios are released, RSS
 * grows by the holes. The PMD order leaves a leaf, others the PTE table under its PMD entry again. The
 * caller's reference to the new folio is used up (docs/khugepaged.md#installation).
 */
export function installWindow(machine: Machine, place: PtePlace, head: number): void {
  const { frames: f, geometry, settings } = machine;
  const { mm, area, pmd, offset } = place;
  const order = f.order[head];
  const large = new Set<number>();
  for (let i = offset; i < offset + (1 << order); i++) {
    const pte = pmd.ptes[i];
    if ((pte & PTE_KIND) !== PTE_PRESENT) continue;
    const source = f.headOf(pteValue(pte));
    if (f.order[source] > 0) large.add(source);
    else releaseFolio(machine, source);
  }
  unmapPtes(machine, mm, pmd, offset, offset + (1 << order), { markers: false });
  for (const source of large) releaseFolio(machine, source);
  mm.rssPages += 1 << order;
  if (order === geometry.pmdOrder) {
    mapNewLeaf(machine, mm, area, pmd, head);
    if (settings.shrinkUnderused) deferSplit(machine, head, 'underused');
  } else {
    mapNewFolio(machine, place, head);
    pmd.kind = PMD_TABLE;
  }
}
