import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import {
  emptyOccupancy,
  hasPage,
  intersection,
  isEmpty,
  type Occupancy,
  union,
} from '../../core/memory/occupancy.ts';
import { MIN_ANON_ORDER, parseOrders } from '../../core/memory/order.ts';
import { formatPages, parsePages } from '../../core/memory/page-list.ts';
import { checkLimits, collapsePolicy, type CollapsePolicy } from '../../core/rules/policy.ts';
import { PAGE_FACTS, type PageFact, pageFacts, type RangeState } from '../../core/memory/range-state.ts';

/** A range as `--ranges` and `--pattern` describe it; fields that are left out are empty, those that are null unknown. */
export interface RangeLine {
  readonly id?: string | number;
  readonly present: string;
  readonly swap?: string;
  readonly zero?: string | null;
  readonly shared?: string | null;
  readonly unreferenced?: string | null;
  readonly pinned?: string | null;
  readonly lazyfree?: string | null;
  readonly locked?: string | null;
  readonly uffd?: string | null;
  readonly guard?: string | null;
  readonly folios?: readonly FolioText[] | null;
  readonly pmdMapped?: boolean | null;
  readonly uffdArmed?: boolean;
  readonly orders?: string;
  readonly maxPtesNone?: number;
  readonly maxPtesSwap?: number;
  readonly maxPtesShared?: number;
}

/** A large folio and those of its pages that are not mapped. */
interface FolioText {
  readonly offset: number;
  readonly order: number;
  readonly missing?: string;
}

/** The range that a line describes. Fails on pages out of range and on states that contradict each other. */
export function rangeOfLine(line: RangeLine, geometry: Geometry): Result<RangeState> {
  const facts = new Map<PageFact, Occupancy>();
  for (const name of PAGE_FACTS) {
    const text = line[name];
    if (text === null) continue;
    const parsed = parsePages(text ?? '', geometry);
    if (!parsed.ok) return fail(parsed.failure.kind, `${name}: ${parsed.failure.message}`);
    facts.set(name, parsed.value);
  }
  const bitmap = (name: PageFact) => facts.get(name);
  const swap = union(facts.get('swap') as Occupancy, bitmap('guard') ?? emptyOccupancy(geometry));
  const present = union(facts.get('present') as Occupancy, bitmap('zero') ?? emptyOccupancy(geometry));
  const both = intersection(present, swap);
  if (!isEmpty(both))
    return fail('usage', `page ${firstPage(both)} is both present and in swap; a page can be one of them`);

  const orders =
    line.folios === null ? succeed(undefined) : folioOrdersOf(line.folios ?? [], present, geometry);
  if (!orders.ok) return orders;
  return succeed({
    geometry,
    address: 0,
    facts: pageFacts({ present, swap }, bitmap),
    folioOrders: orders.value,
    pmdMapped: line.pmdMapped === null ? undefined : (line.pmdMapped ?? false),
    uffdArmed: line.uffdArmed ?? false,
  });
}

/** The policy of a line: its own fields over those of the flags. */
export function policyOfLine(
  line: RangeLine,
  flags: CollapsePolicy,
  geometry: Geometry,
): Result<CollapsePolicy> {
  const orders = line.orders === undefined ? succeed(flags.orders) : parseOrders(line.orders, geometry);
  if (!orders.ok) return orders;
  const limits = {
    maxPtesNone: line.maxPtesNone ?? flags.maxPtesNone,
    maxPtesSwap: line.maxPtesSwap ?? flags.maxPtesSwap,
    maxPtesShared: line.maxPtesShared ?? flags.maxPtesShared,
  };
  return checkLimits(collapsePolicy(orders.value, limits, flags.model, geometry), geometry);
}

/** Order of the folio of each page. A folio may begin before or end after the range; `missing` counts as `present` does. */
function folioOrdersOf(
  folios: NonNullable<RangeLine['folios']>,
  present: Occupancy,
  geometry: Geometry,
): Result<Uint8Array> {
  const orders = new Uint8Array(pagesPerRange(geometry));
  for (const { offset, order, missing } of folios) {
    if (order < MIN_ANON_ORDER || order > geometry.pmdOrder) {
      return fail(
        'usage',
        `folios: order ${order} at ${offset}: anonymous folios have orders ${MIN_ANON_ORDER} to ${geometry.pmdOrder}`,
      );
    }
    const gone = parsePages(missing ?? '', geometry);
    if (!gone.ok) return fail(gone.failure.kind, `folios: ${gone.failure.message}`);
    const end = Math.min(offset + (1 << order), orders.length);
    for (let page = Math.max(offset, 0); page < end; page++) {
      if (hasPage(present, page) && !hasPage(gone.value, page)) orders[page] = order;
    }
  }
  return succeed(orders);
}

function firstPage(occupancy: Occupancy): string {
  return /^\d+/.exec(formatPages(occupancy))?.[0] ?? '';
}
