import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { countPages, emptyOccupancy, type Occupancy, setPage } from '../core/memory/occupancy.ts';
import { anonOrders, asOrder, hasOrder } from '../core/memory/order.ts';
import { plainRange, type RangeState } from '../core/memory/range-state.ts';
import { passesOver } from '../core/plan/passes.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import { type CollapsePolicy, defaultLimits, noneLimit } from '../core/rules/policy.ts';

/**
 * Memory that grows pass by pass although nobody touches it: what one pass fills makes the next one fill
 * more.
 */
export interface Creep {
  /** Pages present at the start; no pattern with fewer creeps. */
  readonly pages: Occupancy;
  /** Passes that collapse something. */
  readonly passes: number;
  /** Resident pages after the first of them and after the last. */
  readonly afterFirst: number;
  readonly afterLast: number;
}

/** The policy that creep is asked about: every order enabled. */
export function creepPolicy(model: KernelModel, geometry: Geometry, maxPtesNone: number): CollapsePolicy {
  return {
    ...defaultLimits(geometry),
    orders: anonOrders(geometry),
    maxPtesNone,
    caller: 'khugepaged',
    model,
  };
}

/**
 * The smallest pattern that creeps under a policy, or undefined if none does. It is found by what a window
 * can come to: of each order and number of pages, the most pages that one pass can leave in it. A window
 * creeps when it has too few pages for itself, as have all those around it, but its halves can come to
 * enough.
 */
export function smallestCreep(policy: CollapsePolicy, geometry: Geometry): Creep | undefined {
  const needed = neededPages(policy, geometry);
  /**
   * By order and pages: the most pages after a pass, and how many of the pages are in the left half for that.
   */
  const most: number[][] = [[0, 1]];
  const left: number[][] = [[]];
  let smallest: { order: number; pages: number } | undefined;
  for (let order = 1; order <= geometry.pmdOrder; order++) {
    const size = 1 << order;
    const halves = bestHalves(most[order - 1]);
    const outer = Math.min(...needed.slice(order));
    for (let pages = 0; pages < Math.min(outer, smallest?.pages ?? size); pages++) {
      if (halves.most[pages] < needed[order]) continue;
      smallest = { order, pages };
    }
    most.push(halves.most.map((after, pages) => (pages >= needed[order] ? size : after)));
    left.push(halves.left);
  }
  if (!smallest) return undefined;
  const pages = emptyOccupancy(geometry);
  placePages(pages, 0, smallest.order, smallest.pages, left);
  return { pages, ...passesOf(smallPages(pages, geometry), policy) };
}

/** Pages that a window must have, by order; more than there can be where the order is not enabled. */
function neededPages(policy: CollapsePolicy, geometry: Geometry): number[] {
  return Array.from({ length: geometry.pmdOrder + 1 }, (_, order) =>
    hasOrder(policy.orders, asOrder(order))
      ? (1 << order) - noneLimit(policy, asOrder(order), geometry)
      : Number.POSITIVE_INFINITY,
  );
}

/** The best of all ways to share pages among two halves, by number of pages. */
function bestHalves(half: readonly number[]): { most: number[]; left: number[] } {
  const size = 2 * (half.length - 1);
  const most = Array.from({ length: size + 1 }, () => -1);
  const left = Array.from({ length: size + 1 }, () => 0);
  for (let pages = 0; pages <= size; pages++) {
    for (
      let first = Math.min(pages, half.length - 1);
      first >= Math.max(0, pages - half.length + 1);
      first--
    ) {
      const after = half[first] + half[pages - first];
      if (after <= most[pages]) continue;
      most[pages] = after;
      left[pages] = first;
    }
  }
  return { most, left };
}

function placePages(
  occupied: Occupancy,
  offset: number,
  order: number,
  pages: number,
  left: readonly number[][],
): void {
  if (pages === 0) return;
  if (order === 0) return setPage(occupied, offset);
  const first = left[order][pages];
  placePages(occupied, offset, order - 1, first, left);
  placePages(occupied, offset + (1 << (order - 1)), order - 1, pages - first, left);
}

/** Goes over a range until nothing changes. */
export function passesOf(range: RangeState, policy: CollapsePolicy): Omit<Creep, 'pages'> {
  const resident = [...passesOver(range, policy)].map(({ facts }) => countPages(facts.present));
  const afterLast = resident.at(-1) ?? countPages(range.facts.present);
  return { passes: resident.length, afterFirst: resident[0] ?? 0, afterLast };
}

function smallPages(present: Occupancy, geometry: Geometry): RangeState {
  return plainRange(geometry, present, new Uint8Array(pagesPerRange(geometry)));
}
