import { mapNewFolio } from '../fault/fault-map.ts';
import { addLeafRmap, addRmap, getFolio } from '../folios/folio.ts';
import { allocPage, openTable, reserveTable } from '../folios/folio-alloc.ts';
import { NO_FRAME, PG_EXCLUSIVE } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, type Pmd } from '../page-tables/pmd.ts';
import { splitPmd } from '../page-tables/pmd-split.ts';
import {
  PTE_GUARD,
  PTE_HWPOISON,
  PTE_KIND,
  PTE_MIGRATION,
  PTE_NONE,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_WRITABLE,
  PTE_ZERO,
  pteValue,
} from '../page-tables/pte.ts';
import { forEachRange, refuseHeld } from '../page-tables/unmap.ts';
import type { VmArea } from '../page-tables/vm-area.ts';
import { VM_UFFD_ANY } from '../page-tables/vma-flags.ts';
import { exit } from './exit.ts';

/**
 * Forks a process: the child has the same areas and shares every page, which neither may write to any more
 * without a copy. Pinned pages are copied at once. userfaultfd registrations are not inherited. Undefined if
 * there is no memory for its page tables or for a copy. Source: dup_mmap, copy_page_range.
 */
export function fork(machine: Machine, parent: Mm, name = parent.name): Mm | undefined {
  const { memcg, node, root } = parent;
  const child = machine.createMm(name, { memcg, node, root });
  child.thpDisabled = parent.thpDisabled;
  for (const moved of parent.moves) if (moved !== 0) child.moves.push(moved);
  for (const area of parent.areas.all()) {
    const copy = { ...area, flags: area.flags & ~VM_UFFD_ANY };
    child.areas.add(copy);
    if (!area.hasAnonVma) continue;
    if (!copyArea(machine, parent, child, copy)) {
      exit(machine, child);
      return undefined;
    }
  }
  machine.hooks.forked?.(parent, child);
  return child;
}

function copyArea(machine: Machine, parent: Mm, child: Mm, area: VmArea): boolean {
  let complete = true;
  forEachRange(machine, parent, area.start, area.end, (pmd, first, last) => {
    refuseHeld(pmd);
    if (!complete) return;
    const target = child.pmd(pmd.number);
    complete = target.tableFrame !== NO_FRAME || reserveTable(machine, child, target);
    if (!complete) return;
    if (pmd.kind === PMD_HUGE_ZERO) {
      target.kind = PMD_HUGE_ZERO;
      return;
    }
    // Reserving may have reclaimed: only now is it seen how the parent maps the range.
    if (pmd.kind === PMD_LEAF && !isPinned(machine, pteValue(pmd.leaf), machine.rangePages)) {
      shareLeaf(machine, child, pmd, target);
      return;
    }
    if (pmd.kind === PMD_LEAF) splitPmd(machine, parent, pmd);
    openTable(machine, target);
    for (let i = first; i < last && complete; i++) complete = copyPte(machine, child, area, pmd, target, i);
  });
  return complete;
}

/** Maps a PMD leaf into another process, whose page table for the range is reserved. */
export function shareLeaf(machine: Machine, child: Mm, pmd: Pmd, target: Pmd): void {
  pmd.leaf = (pmd.leaf & ~PTE_WRITABLE) >>> 0;
  machine.frames.clear(pteValue(pmd.leaf), PG_EXCLUSIVE);
  mapSharedLeaf(machine, child, target, pmd.leaf & ~PTE_UFFD);
}

/** Maps the PMD-order folio of a leaf once more; the page table of the target is reserved. */
export function mapSharedLeaf(machine: Machine, mm: Mm, target: Pmd, leaf: number): void {
  const head = pteValue(leaf);
  target.kind = PMD_LEAF;
  target.leaf = leaf >>> 0;
  mm.rssPages += machine.rangePages;
  getFolio(machine, head, 1);
  addLeafRmap(machine, head, mm.id);
}

function copyPte(machine: Machine, child: Mm, area: VmArea, pmd: Pmd, target: Pmd, i: number): boolean {
  const pte = pmd.ptes[i];
  switch (pte & PTE_KIND) {
    case PTE_PRESENT:
      return copyPresent(machine, child, area, pmd, target, i);
    case PTE_SWAP:
      machine.swap.duplicate(pteValue(pte));
      child.swapEntries++;
      target.ptes[i] = (pte & ~PTE_UFFD) >>> 0;
      break;
    case PTE_MIGRATION:
      child.rssPages++;
      machine.frames.clear(pteValue(pte), PG_EXCLUSIVE);
      pmd.ptes[i] = (pte & ~PTE_WRITABLE) >>> 0;
      target.ptes[i] = (pmd.ptes[i] & ~PTE_UFFD) >>> 0;
      break;
    case PTE_ZERO:
    case PTE_GUARD:
    case PTE_HWPOISON:
      target.ptes[i] = (pte & ~PTE_UFFD) >>> 0;
      break;
    default:
      target.ptes[i] = PTE_NONE;
  }
  return true;
}

/**
 * Maps a present page into another process too, or copies it if it is pinned; false if there is no memory for
 * that.
 */
export function copyPresent(
  machine: Machine,
  child: Mm,
  area: VmArea,
  pmd: Pmd,
  target: Pmd,
  i: number,
): boolean {
  const f = machine.frames;
  const frame = pteValue(pmd.ptes[i]);
  child.rssPages++;
  if (f.has(frame, PG_EXCLUSIVE) && isPinned(machine, frame, 1)) {
    const copy = allocPage(machine, child);
    if (copy < 0) {
      child.rssPages--;
      return false;
    }
    f.content[copy] = f.content[frame];
    machine.work.copiedPages++;
    mapNewFolio(machine, { mm: child, area, pmd: target, offset: i }, copy);
    return true;
  }
  pmd.ptes[i] = (pmd.ptes[i] & ~PTE_WRITABLE) >>> 0;
  target.ptes[i] = (pmd.ptes[i] & ~PTE_UFFD) >>> 0;
  f.clear(frame, PG_EXCLUSIVE);
  f.refcount[f.headOf(frame)]++;
  addRmap(machine, frame, 1, child.id);
  return true;
}

function isPinned(machine: Machine, frame: number, count: number): boolean {
  if (machine.pins.size === 0) return false;
  for (let i = 0; i < count; i++) if (machine.pins.has(frame + i)) return true;
  return false;
}
