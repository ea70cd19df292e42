import { hasPage, type Occupancy } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { mapNewLeaf, newPteBits, rmapPlaceOf } from '../fault/fault-map.ts';
import { addRmap, deferSplit, getFolio, setLazyfree } from '../folios/folio.ts';
import { allocFolio, ensureTable, freeTable, openTable, reserveTable } from '../folios/folio-alloc.ts';
import { addToLru, drainLru } from '../folios/lru.ts';
import { NO_FRAME, PG_EXCLUSIVE, PG_LOCKED } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { copyPresent, mapSharedLeaf, shareLeaf } from '../processes/fork.ts';
import { NO_SLOT } from '../reclaim/swap-area.ts';
import type { Mm } from './mm.ts';
import { PMD_HUGE_ZERO, PMD_LEAF, type Pmd } from './pmd.ts';
import {
  makePte,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_GUARD,
  PTE_KIND,
  PTE_PRESENT,
  PTE_SWAP,
  PTE_UFFD,
  PTE_UFFD_MARKER,
  PTE_WRITABLE,
  PTE_ZERO,
  pteValue,
} from './pte.ts';
import { type SharedFrames, type SharedPlace, sharedIds } from './shared-frames.ts';
import type { VmArea } from './vm-area.ts';

/** Who else has the shared pages of a range. */
export interface RestoredSharing {
  /** Pages of processes that were restored before. */
  readonly frames?: SharedFrames;
  /** A process of the same root that stands for others, with an area there. */
  readonly sharer?: Mm;
  /** The pages that it maps, too. */
  readonly withSharer?: Occupancy;
}

/**
 * Puts a recorded range into an empty range of a process: the same PTEs, folios, swap entries and facts, as
 * `viewRange` would show them. Contents are made up. Facts that the record does not know take their ordinary
 * case; folios lie where their order aligns them. Without `sharing` all pages are private. False if memory or
 * swap ran out.
 */
export function restoreRange(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  state: RangeState,
  sharing: RestoredSharing = {},
): boolean {
  const pmd = mm.pmd(Math.floor(state.address / machine.rangeBytes));
  area.hasAnonVma = true;
  const isZeroPage = state.facts.zero !== undefined && hasPage(state.facts.zero, 0);
  if (state.pmdMapped && isZeroPage) {
    if (!reserveTable(machine, mm, pmd)) return false;
    pmd.kind = PMD_HUGE_ZERO;
    return true;
  }
  const known = new KnownPages(machine, { mm, area, pmd }, state, sharing.frames);
  const isMapped = state.pmdMapped
    ? restoreLeaf(machine, mm, area, pmd, known)
    : ensureTable(machine, mm, pmd) && restorePtes(machine, mm, area, pmd, state, known);
  drainLru(machine);
  if (!isMapped) return false;
  sharing.frames?.add(pmd, state);
  const { sharer, withSharer } = sharing;
  if (sharer && withSharer && !share(machine, area, pmd, withSharer, sharer)) return false;
  restoreFacts(machine, pmd, state);
  return true;
}

/** The pages of a range that other processes brought along. */
class KnownPages {
  readonly #machine: Machine;
  readonly #place: Omit<SharedPlace, 'offset'>;
  readonly #frames: SharedFrames | undefined;
  readonly #ids: Float64Array;

  constructor(
    machine: Machine,
    place: Omit<SharedPlace, 'offset'>,
    state: RangeState,
    frames: SharedFrames | undefined,
  ) {
    this.#machine = machine;
    this.#place = place;
    this.#frames = frames;
    this.#ids = sharedIds(state, machine.rangePages);
  }

  frameAt(offset: number): number | undefined {
    const id = this.#ids[offset];
    return id === 0 ? undefined : this.#frames?.frameAt(id, { ...this.#place, offset });
  }

  /** The folio of which some page of a window is one, if it is of that order and lies so. */
  folioAt(first: number, order: number): number | undefined {
    const { frames: f } = this.#machine;
    for (let i = 0; i < 1 << order; i++) {
      const frame = this.frameAt(first + i);
      if (frame === undefined) continue;
      const head = f.headOf(frame);
      if (f.order[head] === order && frame === head + i) return head;
    }
    return undefined;
  }
}

function restoreLeaf(machine: Machine, mm: Mm, area: VmArea, pmd: Pmd, known: KnownPages): boolean {
  if (!reserveTable(machine, mm, pmd)) return false;
  const other = known.folioAt(0, machine.geometry.pmdOrder);
  if (other !== undefined) {
    mapSharedLeaf(machine, mm, pmd, makePte(PTE_PRESENT, other, newPteBits(area) & ~PTE_WRITABLE));
    return true;
  }
  const head = allocFolio(machine, machine.geometry.pmdOrder, mm.memcg, machine.nodeOrders[mm.node], 'light');
  if (head < 0) {
    freeTable(machine, mm, pmd);
    return false;
  }
  fill(machine, head, machine.rangePages);
  mapNewLeaf(machine, mm, area, pmd, head);
  mm.rssPages += machine.rangePages;
  return true;
}

function restorePtes(
  machine: Machine,
  mm: Mm,
  area: VmArea,
  pmd: Pmd,
  state: RangeState,
  known: KnownPages,
): boolean {
  // From the last one on: no record knows the slots, and ascending ones would come back as large folios.
  for (let i = machine.rangePages - 1; i >= 0; i--) {
    if (hasPage(state.facts.swap, i) && !restoreEntry(machine, mm, pmd, i, state)) return false;
  }
  for (let i = 0; i < machine.rangePages; i++) {
    if (hasPage(state.facts.present, i) && pmd.ptes[i] === 0) {
      if (state.facts.zero && hasPage(state.facts.zero, i)) pmd.ptes[i] = makePte(PTE_ZERO, 0, PTE_ACCESSED);
      else if (!restoreFolio(machine, { mm, area, pmd, offset: i }, state, known)) return false;
    }
  }
  return true;
}

/** Maps the folio of a page, and with it all present pages of the range that must be of the same folio. */
function restoreFolio(
  machine: Machine,
  { mm, area, pmd, offset }: SharedPlace,
  state: RangeState,
  known: KnownPages,
): boolean {
  const f = machine.frames;
  const order = state.folioOrders?.[offset] ?? 0;
  const first = offset & ~((1 << order) - 1);
  const other = known.folioAt(first, order);
  const head = other ?? allocFolio(machine, order, mm.memcg, machine.nodeOrders[mm.node], 'light');
  if (head < 0) return false;
  if (other === undefined) {
    fill(machine, head, 1 << order);
    f.rmap[head] = rmapPlaceOf(machine, mm, area, pmd, first);
  }
  const bits = newPteBits(area);
  let mapped = 0;
  for (let i = 0; i < 1 << order; i++) {
    const isOurs = (state.folioOrders?.[first + i] ?? 0) === order && hasPage(state.facts.present, first + i);
    if (!isOurs || pmd.ptes[first + i] !== 0 || (state.facts.zero && hasPage(state.facts.zero, first + i)))
      continue;
    pmd.ptes[first + i] = makePte(PTE_PRESENT, head + i, other === undefined ? bits : bits & ~PTE_WRITABLE);
    if (other === undefined) f.set(head + i, PG_EXCLUSIVE);
    addRmap(machine, head + i, 1, mm.id);
    mapped++;
  }
  mm.rssPages += mapped;
  // Who allocates a folio holds a reference, which becomes that of a PTE.
  f.refcount[head] += other === undefined ? mapped - 1 : mapped;
  if (other !== undefined) return true;
  if (mapped < 1 << order) deferSplit(machine, head, 'partial');
  addToLru(machine, head);
  return true;
}

function restoreEntry(machine: Machine, mm: Mm, pmd: Pmd, i: number, state: RangeState): boolean {
  const isTracked = state.facts.uffd !== undefined && hasPage(state.facts.uffd, i);
  if (state.facts.guard && hasPage(state.facts.guard, i)) {
    pmd.ptes[i] = isTracked ? makePte(PTE_UFFD_MARKER, 0, PTE_UFFD) : PTE_GUARD;
    return true;
  }
  const slot = machine.swap.take(0);
  if (slot === NO_SLOT) return false;
  machine.swap.store(slot, machine.freshContent(1), 1);
  pmd.ptes[i] = makePte(PTE_SWAP, slot, isTracked ? PTE_UFFD : 0);
  mm.swapEntries++;
  return true;
}

function fill(machine: Machine, head: number, pages: number): void {
  const content = machine.freshContent(pages);
  for (let i = 0; i < pages; i++) machine.frames.content[head + i] = content + i;
}

function share(machine: Machine, area: VmArea, pmd: Pmd, shared: Occupancy, sharer: Mm): boolean {
  if (!shared.some((word) => word !== 0)) return true;
  const target = sharer.pmd(pmd.number);
  if (target.tableFrame === NO_FRAME && !reserveTable(machine, sharer, target)) return false;
  if (pmd.kind === PMD_LEAF) {
    shareLeaf(machine, sharer, pmd, target);
    return true;
  }
  openTable(machine, target);
  for (let i = 0; i < machine.rangePages; i++) {
    if ((pmd.ptes[i] & PTE_KIND) !== PTE_PRESENT || !hasPage(shared, i)) continue;
    if (!copyPresent(machine, sharer, area, pmd, target, i)) return false;
  }
  return true;
}

/** What is known of each page besides its place. Locks and references are of the folio. */
function restoreFacts(machine: Machine, pmd: Pmd, state: RangeState): void {
  const f = machine.frames;
  const isLeaf = pmd.kind === PMD_LEAF;
  const pinned = new Set<number>();
  for (let i = 0; i < (isLeaf ? 1 : machine.rangePages); i++) {
    let pte = isLeaf ? pmd.leaf : pmd.ptes[i];
    const has = (fact: Occupancy | undefined) => fact !== undefined && hasPage(fact, i);
    if (!hasPage(state.facts.present, i) || (pte & PTE_KIND) === PTE_ZERO) continue;
    const head = f.headOf(pteValue(pte));
    if (has(state.facts.unreferenced)) pte &= ~PTE_ACCESSED;
    if (has(state.facts.uffd)) pte = (pte | PTE_UFFD) & ~PTE_WRITABLE;
    if (has(state.facts.lazyfree)) {
      pte &= ~PTE_DIRTY;
      setLazyfree(machine, head, true);
    }
    if (has(state.facts.locked)) f.set(head, PG_LOCKED);
    if (has(state.facts.pinned) && !pinned.has(head)) {
      pinned.add(head);
      getFolio(machine, head, 1);
      machine.pins.set(pteValue(pte), (machine.pins.get(pteValue(pte)) ?? 0) + 1);
    }
    if (isLeaf) pmd.leaf = pte >>> 0;
    else pmd.ptes[i] = pte >>> 0;
  }
}
