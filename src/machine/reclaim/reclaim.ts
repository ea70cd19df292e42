import { isIdle, undeferSplit } from '../folios/folio.ts';
import { splitFolio } from '../folios/folio-split.ts';
import { drainAllLru } from '../folios/lru.ts';
import { forEachMapping } from '../folios/rmap-walk.ts';
import {
  FRAME_CACHE,
  FRAME_FOLIO,
  FRAME_FREE,
  FRAME_KIND,
  PG_HEAD,
  PG_PARTIAL,
  PG_REFERENCED,
} from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { PTE_ACCESSED } from '../page-tables/pte.ts';
import type { Memcg } from './memcg.ts';
import { swapOutFolio } from './swap-out.ts';

export interface ReclaimRequest {
  /** Base pages to free; a few more may be freed. */
  readonly pages: number;
  /** Only this node; every node if undefined. */
  readonly node?: number;
  /** Only folios charged to this group or below. */
  readonly memcg?: Memcg;
}

/** What a reclaim did, in base pages. */
export interface ReclaimReport {
  readonly freed: number;
  readonly scanned: number;
}

/**
 * Frees memory: first it splits the queue of partially mapped and mostly empty large folios, then it goes
 * round the frames of the node, from where it last ended and once at most: drops page cache and clean
 * MADV_FREE folios, swaps out what was not used since it was last looked at, and passes over the rest until
 * it has passed over too much of it.
 * Source: shrink_node and deferred_split_scan in outline; a clock takes the place of the LRU lists.
 */
export function reclaim(machine: Machine, request: ReclaimRequest): ReclaimReport {
  drainAllLru(machine);
  let freed = splitDeferred(machine, request);
  let scanned = 0;
  for (const { node } of machine.nodes) {
    if (request.node !== undefined && request.node !== node) continue;
    if (freed >= request.pages) break;
    const swept = sweep(machine, node, request.memcg, request.pages - freed);
    freed += swept.freed;
    scanned += swept.scanned;
  }
  machine.work.reclaimScanned += scanned;
  machine.work.reclaimed += freed;
  return { freed, scanned };
}

function matches(machine: Machine, head: number, memcg: Memcg | undefined): boolean {
  return memcg === undefined || machine.memcgs[machine.frames.memcg[head]].isWithin(memcg);
}

/**
 * Splits queued folios until enough is free. One that is queued as underused and is not split leaves the
 * queue for good; one of which a part is not mapped stays and is tried again.
 * Source: deferred_split_scan, docs/khugepaged.md#underused-huge-pages.
 */
function splitDeferred(machine: Machine, { pages, node, memcg }: ReclaimRequest): number {
  const before = machine.freePages;
  for (const head of machine.deferred) {
    if (machine.freePages - before >= pages) break;
    if (node !== undefined && machine.nodeOf(head).node !== node) continue;
    if (!matches(machine, head, memcg)) continue;
    if (machine.frames.has(head, PG_PARTIAL)) splitFolio(machine, head);
    else if (machine.settings.shrinkUnderused) splitUnderused(machine, head);
  }
  return machine.freePages - before;
}

function splitUnderused(machine: Machine, head: number): void {
  if (hasManyZeros(machine, head) && splitFolio(machine, head, { dropZeros: true })) {
    machine.counters.vmstat.thp_underused_split_page++;
  } else undeferSplit(machine, head);
}

/**
 * More zero pages than max_ptes_none allows a collapse to have; at its largest value nothing has
 * (thp_underused, docs/khugepaged.md#underused-huge-pages).
 */
function hasManyZeros({ frames, settings, rangePages }: Machine, head: number): boolean {
  if (settings.maxPtesNone === rangePages - 1) return false;
  let zeros = 0;
  for (let frame = head; frame < head + rangePages; frame++) if (frames.content[frame] === 0) zeros++;
  return zeros > settings.maxPtesNone;
}

/**
 * Recently used folios that a sweep passes over before it takes the first of them, for each page that it
 * wants.
 */
const PASSED_PER_PAGE = 8;

function sweep(
  machine: Machine,
  node: number,
  memcg: Memcg | undefined,
  pages: number,
): { freed: number; scanned: number } {
  const f = machine.frames;
  const { first, end } = machine.nodes[node];
  const before = machine.nodes[node].freePages;
  const freed = () => machine.nodes[node].freePages - before;
  const canDrop = machine.lazyfreePages > 0 || (memcg === undefined && machine.cachePages > 0);
  let scanned = 0;
  if (!canDrop && machine.swap.free === 0) return { freed: 0, scanned };

  const passed: number[] = [];
  let takenBack = 0;
  let frame = machine.reclaimHands[node];
  while (scanned < end - first && freed() < pages) {
    const size = blockSize(machine, frame);
    scanned += size;
    if (f.kind(frame) === FRAME_CACHE && memcg === undefined) dropCache(machine, frame);
    else if (isCandidate(machine, frame) && matches(machine, frame, memcg)) {
      if (!wasUsed(machine, frame)) swapOutFolio(machine, frame);
      else if (passed.push(frame) > PASSED_PER_PAGE * pages) swapOutFolio(machine, passed[takenBack++]);
    }
    frame = frame + size < end ? frame + size : first;
  }
  machine.reclaimHands[node] = frame;
  while (takenBack < passed.length && freed() < pages) {
    const head = passed[takenBack++];
    if (isCandidate(machine, head)) swapOutFolio(machine, head);
  }
  return { freed: freed(), scanned };
}

/** Frames from this one to the next that can begin something else. */
function blockSize(machine: Machine, frame: number): number {
  const f = machine.frames;
  const flags = f.flags[frame];
  if ((flags & PG_HEAD) === 0) return 1;
  const kind = flags & FRAME_KIND;
  return kind === FRAME_FREE || kind === FRAME_FOLIO ? 1 << f.order[frame] : 1;
}

function isCandidate(machine: Machine, frame: number): boolean {
  const f = machine.frames;
  return (f.flags[frame] & (FRAME_KIND | PG_HEAD)) === (FRAME_FOLIO | PG_HEAD) && isIdle(f, frame);
}

function dropCache(machine: Machine, frame: number): void {
  machine.frames.flags[frame] = FRAME_FREE;
  machine.cachePages--;
  machine.nodeOf(frame).free(frame, 0);
}

/** Whether a folio was used since this was last asked; forgets it. MADV_FREE folios are never recent. */
function wasUsed(machine: Machine, head: number): boolean {
  const f = machine.frames;
  let used = f.has(head, PG_REFERENCED);
  f.clear(head, PG_REFERENCED);
  forEachMapping(machine, head, (_mm, pmd, offset) => {
    const pte = offset < 0 ? pmd.leaf : pmd.ptes[offset];
    if ((pte & PTE_ACCESSED) === 0) return;
    used = true;
    if (offset < 0) pmd.leaf &= ~PTE_ACCESSED;
    else pmd.ptes[offset] = (pte & ~PTE_ACCESSED) >>> 0;
  });
  return used;
}
