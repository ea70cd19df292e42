import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { type Geometry, pagesPerRange } from '../../../core/memory/geometry.ts';
import { factOfNoPage } from '../../../core/memory/impossible-range.ts';
import {
  difference,
  emptyOccupancy,
  type Occupancy,
  setPages,
  union,
} from '../../../core/memory/occupancy.ts';
import { parseOrders } from '../../../core/memory/order.ts';
import { formatPages, parsePages } from '../../../core/memory/page-list.ts';
import {
  type ExtraFact,
  PRESENT_FACTS,
  pageFacts,
  type RangeState,
} from '../../../core/memory/range-state.ts';
import { type RangeText, rangeOfText } from '../../../core/memory/range-text.ts';
import { type CollapsePolicy, checkLimits, collapsePolicy } from '../../../core/rules/policy.ts';

/**
 * A range as `--ranges` and `--pattern` describe it; fields that are left out are empty, those that are null
 * unknown.
 */
export interface RangeLine extends Omit<RangeText, 'folioOrders'> {
  readonly id?: string | number;
  readonly present: string;
  readonly folios?: readonly FolioText[] | null;
  /** Pages START-END of the VMA, from the start of the range; without it the range lies inside of its VMA. */
  readonly vma?: string;
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

/**
 * The range that a line describes. Fails on pages out of range, on states that contradict each other, and on
 * facts of pages that are not there. Of facts `all` is all pages that are present.
 */
export function rangeOfLine(line: RangeLine, geometry: Geometry): Result<RangeState> {
  const folioOrders = line.folios === null ? succeed(null) : listsOfFolios(line.folios ?? [], geometry);
  if (!folioOrders.ok) return folioOrders;
  const read = rangeOfText({ ...line, folioOrders: folioOrders.value }, geometry);
  if (!read.ok) return read;
  const range = ofAllPresent(read.value, line);
  const misplaced = factOfNoPage(range);
  return misplaced === undefined ? succeed(range) : fail('usage', misplaced);
}

/** The range, with facts of `all` pages cut down to the pages that are present. */
function ofAllPresent(range: RangeState, line: RangeLine): RangeState {
  const { present } = range.facts;
  const isAll = (fact: ExtraFact) => PRESENT_FACTS.some((each) => each === fact) && line[fact] === 'all';
  const facts = pageFacts(range.facts, (fact) => (isAll(fact) ? present : range.facts[fact]));
  return { ...range, facts };
}

/** The pages of each order. A folio may begin before or end after the range. */
function listsOfFolios(folios: readonly FolioText[], geometry: Geometry): Result<Record<string, string>> {
  const byOrder = new Map<number, Occupancy>();
  for (const { offset, order, missing = '' } of folios) {
    const gone = parsePages(missing, geometry);
    if (!gone.ok) return fail(gone.failure.kind, `folios: ${gone.failure.message}`);
    const pages = emptyOccupancy(geometry);
    const first = Math.max(0, offset);
    const end = Math.min(offset + 2 ** order, pagesPerRange(geometry));
    if (first < end) setPages(pages, first, end - first);
    const mapped = difference(pages, gone.value);
    byOrder.set(order, union(byOrder.get(order) ?? mapped, mapped));
  }
  return succeed(Object.fromEntries([...byOrder].map(([order, pages]) => [order, formatPages(pages)])));
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
