import { emptyOccupancy, type Occupancy, setPage } from '../../core/memory/occupancy.ts';
import { pageFacts, type RangeState } from '../../core/memory/range-state.ts';
import { expectedRefs } from '../folios/folio.ts';
import { maybeMappedShared } from '../folios/mapped-shared.ts';
import { NO_FRAME, PG_LAZYFREE, PG_LOCKED, PG_LRU, PG_REFERENCED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, PMD_MIGRATION, type Pmd } from './pmd.ts';
import {
  makePte,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_KIND,
  PTE_MIGRATION,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_ZERO,
  pteBits,
  pteValue,
} from './pte.ts';
import type { VmArea } from './vm-area.ts';
import { VM_DROPPABLE, VM_UFFD_ANY } from './vma-flags.ts';

/**
 * A PMD range as the scan of core reads it, and the facts that RangeState does not have
 * (collapse_scan_pmd, docs/khugepaged.md#scan-rows).
 */
export interface RangeView {
  readonly state: RangeState;
  /** Present PTEs whose folio is not on the LRU: isolated, or waiting in an LRU add batch (row 13). */
  readonly offLru: Occupancy;
  /**
   * Non-present PTEs under migration: a fault on them has to retry
   * (__collapse_huge_page_swapin, docs/khugepaged.md#swap-in).
   */
  readonly migrating: Occupancy;
  /** The frame that each PTE maps; NO_FRAME for the zero page and for what maps nothing. */
  readonly frames: Int32Array;
}

const ZERO_PTE = makePte(PTE_ZERO, 0, 0);

/** What a populated range holds, seen at once. PTEs outside the area count as empty. No fact is unknown. */
export function viewRange(machine: Machine, area: VmArea, pmd: Pmd): RangeView {
  const { geometry, frames: f, rangePages } = machine;
  const empty = () => emptyOccupancy(geometry);
  const isHugeZero = pmd.kind === PMD_HUGE_ZERO;
  const pmdMapped = isHugeZero || pmd.kind === PMD_LEAF || pmd.kind === PMD_MIGRATION;
  const facts = pageFacts({ present: empty(), swap: empty() }, empty);
  const folioOrders = new Uint8Array(rangePages);
  const offLru = empty();
  const migrating = empty();
  const frames = new Int32Array(rangePages).fill(NO_FRAME);
  const address = pmd.number * machine.rangeBytes;
  const first = Math.max(0, (area.start - address) / machine.pageBytes);
  const last = Math.min(rangePages, (area.end - address) / machine.pageBytes);
  const leafBits = pteBits(pmd.leaf);
  const ptes = pmd.ptes;
  if (!pmdMapped && ptes.length === 0) return view();

  for (let i = first; i < last; i++) {
    const pte = isHugeZero
      ? ZERO_PTE
      : pmdMapped
        ? makePte(PTE_PRESENT, pteValue(pmd.leaf) + i, leafBits)
        : ptes[i];
    const kind = pte & PTE_KIND;
    if (kind === PTE_NONE) continue;
    if (pte & PTE_UFFD) setPage(facts.uffd, i);
    if (kind !== PTE_PRESENT && kind !== PTE_ZERO) {
      setPage(facts.swap, i);
      if (kind === PTE_MIGRATION) setPage(migrating, i);
      else if (kind !== PTE_SWAP) setPage(facts.guard, i);
      continue;
    }
    setPage(facts.present, i);
    if (kind === PTE_ZERO) {
      setPage(facts.zero, i);
      continue;
    }
    const frame = pteValue(pte);
    const head = f.headOf(frame);
    const flags = f.flags[head];
    frames[i] = frame;
    folioOrders[i] = f.order[head];
    if (!(flags & PG_LRU)) setPage(offLru, i);
    if (flags & PG_LOCKED) setPage(facts.locked, i);
    if (flags & PG_LAZYFREE && !(pte & PTE_DIRTY) && !(area.flags & VM_DROPPABLE)) setPage(facts.lazyfree, i);
    if (!(flags & PG_REFERENCED) && !(pte & PTE_ACCESSED)) setPage(facts.unreferenced, i);
    if (f.refcount[head] !== expectedRefs(f, head)) setPage(facts.pinned, i);
    if (maybeMappedShared(f, head)) setPage(facts.shared, i);
  }
  return view();

  function view(): RangeView {
    const uffdArmed = (area.flags & VM_UFFD_ANY) !== 0;
    const state = { geometry, address, facts, folioOrders, pmdMapped, uffdArmed };
    return { state, offLru, migrating, frames };
  }
}
