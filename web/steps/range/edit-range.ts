import {
  clearPage,
  difference,
  emptyOccupancy,
  hasPage,
  type Occupancy,
  setPage,
  union,
} from '../../../src/core/memory/occupancy.ts';
import type { Order } from '../../../src/core/memory/order.ts';
import {
  eachFact,
  PAGE_FACTS,
  type PageFact,
  pageFacts,
  type RangeState,
} from '../../../src/core/memory/range-state.ts';

/** What painting makes of PTEs. A folio is an aligned block of present pages. */
export type Brush =
  | { readonly kind: 'empty' | 'present' | 'swap' | 'zero' | 'shared' | 'pinned' }
  | { readonly kind: 'folio'; readonly order: Order };

/** The range with these PTEs painted over: nothing that was known of them before stays. */
export function paintPages(range: RangeState, pages: Iterable<number>, brush: Brush): RangeState {
  const bits = eachFact((name): Occupancy | undefined => range.facts[name]?.slice());
  let folioOrders = range.folioOrders?.slice();
  const set = (name: PageFact, page: number) =>
    setPage((bits[name] ??= emptyOccupancy(range.geometry)), page);
  for (const page of brush.kind === 'folio' ? wholeFolios(pages, brush.order) : pages) {
    for (const name of PAGE_FACTS) if (bits[name]) clearPage(bits[name], page);
    if (folioOrders) folioOrders[page] = 0;
    if (brush.kind === 'empty') continue;
    set(brush.kind === 'swap' ? 'swap' : 'present', page);
    if (brush.kind === 'zero' || brush.kind === 'shared' || brush.kind === 'pinned') set(brush.kind, page);
    if (brush.kind === 'folio') {
      folioOrders ??= new Uint8Array(1 << range.geometry.pmdOrder);
      folioOrders[page] = brush.order;
    }
  }
  const { present = emptyOccupancy(range.geometry), swap = emptyOccupancy(range.geometry) } = bits;
  const facts = pageFacts({ present, swap }, (fact) => bits[fact]);
  return { ...range, facts, folioOrders, pmdMapped: false };
}

/** What painting a PTE over would undo: the brush that makes it what it is. */
export function brushOf(range: RangeState, page: number): Brush['kind'] {
  const has = (name: PageFact) => {
    const bits = range.facts[name];
    return bits !== undefined && hasPage(bits, page);
  };
  if (has('swap')) return 'swap';
  if (!has('present')) return 'empty';
  for (const kind of ['zero', 'shared', 'pinned'] as const) if (has(kind)) return kind;
  return range.folioOrders?.[page] ? 'folio' : 'present';
}

/** The PTEs on the straight way between two in a grid of so many columns, both ends included. */
export function pagesBetween(from: number, to: number, columns: number): number[] {
  const x0 = from % columns;
  const y0 = Math.floor(from / columns);
  const dx = (to % columns) - x0;
  const dy = Math.floor(to / columns) - y0;
  const steps = Math.max(Math.abs(dx), Math.abs(dy));
  const pages = Array.from({ length: steps + 1 }, (_, i) => {
    const share = steps === 0 ? 0 : i / steps;
    return Math.round(y0 + dy * share) * columns + Math.round(x0 + dx * share);
  });
  return [...new Set(pages)];
}

function wholeFolios(pages: Iterable<number>, order: Order): Set<number> {
  const all = new Set<number>();
  for (const page of pages) {
    const first = page - (page % (1 << order));
    for (let each = first; each < first + (1 << order); each++) all.add(each);
  }
  return all;
}

/** The facts of a range that are written as lists. */
export type ListedFact = 'present' | 'swap' | 'zero' | 'shared';

/**
 * The range with exactly these PTEs present, swapped, of the zero page or shared; what contradicts that gives
 * way.
 */
export function withPages(range: RangeState, fact: ListedFact, pages: Occupancy): RangeState {
  const { present, swap } = range.facts;
  const changed = {
    present: fact === 'swap' ? difference(present, pages) : union(present, pages),
    swap: difference(swap, pages),
    [fact]: pages,
  };
  return { ...range, facts: { ...range.facts, ...changed }, pmdMapped: false };
}
