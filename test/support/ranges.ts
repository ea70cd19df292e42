import type { Result } from '../../src/core/base/failure.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { countPages, type Occupancy } from '../../src/core/memory/occupancy.ts';
import { parseOrders } from '../../src/core/memory/order.ts';
import { parsePages } from '../../src/core/memory/page-list.ts';
import { type PageFact, pageFacts, type RangeState } from '../../src/core/memory/range-state.ts';
import { collapsesOf } from '../../src/core/plan/collapses.ts';
import { type CollapsePlan, type PlanOptions, planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { type OutcomeRule, parseOutcome } from '../../src/core/rules/outcome.ts';
import { type CollapsePolicy, defaultLimits } from '../../src/core/rules/policy.ts';
import type { ScannedRange } from '../../src/core/search/algorithm.ts';

/** The facts of a range as page lists, with `pmdOrder` 9 and nothing unusual unless said otherwise. */
export interface RangeText extends Readonly<Partial<Record<PageFact, string>>> {
  readonly pmdOrder?: number;
  readonly address?: number;
  /** Folios as "order@pages", such as ["4@16-31", "9@0-511"]. */
  readonly folios?: readonly string[];
  readonly pmdMapped?: boolean;
  readonly uffdArmed?: boolean;
}

export interface PolicyText {
  readonly pmdOrder?: number;
  /** `all` by default; "" for no order. */
  readonly orders?: string;
  readonly maxPtesNone?: number;
  readonly maxPtesSwap?: number;
  readonly maxPtesShared?: number;
  readonly model?: keyof typeof KERNEL_MODELS;
}

/** The value of a result that must not be a failure. */
export function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(result.failure.message);
  return result.value;
}

/** The message of a result that must be a failure. */
export function messageOf(result: Result<unknown>): string {
  if (result.ok) throw new Error('not a failure');
  return result.failure.message;
}

export function pages(text: string, geometry: Geometry = geometryOfPmdOrder(9)): Occupancy {
  return valueOf(parsePages(text, geometry));
}

/** The range bit by bit as the lists say, unlike `rangeOfText`: a source may set bits that mean nothing. */
export function rangeOf(text: RangeText): RangeState {
  const geometry = geometryOfPmdOrder(text.pmdOrder ?? 9);
  const known = (list: string | undefined) => (list === undefined ? undefined : pages(list, geometry));
  const seen = { present: pages(text.present ?? '', geometry), swap: pages(text.swap ?? '', geometry) };
  return {
    geometry,
    address: text.address ?? 0,
    facts: pageFacts(seen, (fact) => known(text[fact])),
    folioOrders: text.folios && folioOrdersOf(text.folios, geometry),
    pmdMapped: text.pmdMapped,
    uffdArmed: text.uffdArmed ?? false,
  };
}

function folioOrdersOf(folios: readonly string[], geometry: Geometry): Uint8Array {
  const orders = new Uint8Array(pagesPerRange(geometry));
  for (const folio of folios) {
    const [order, list] = folio.split('@');
    for (const page of listPages(pages(list, geometry))) orders[page] = Number(order);
  }
  return orders;
}

/** The page numbers of a bitmap, ascending, found one by one. */
export function listPages(occupancy: Occupancy): number[] {
  const found: number[] = [];
  for (let page = 0; page < occupancy.length * 32; page++) {
    if ((occupancy[Math.floor(page / 32)] >>> (page % 32)) % 2 === 1) found.push(page);
  }
  return found;
}

export function policyOf(text: PolicyText = {}): CollapsePolicy {
  const geometry = geometryOfPmdOrder(text.pmdOrder ?? 9);
  const limits = defaultLimits(geometry);
  return {
    orders:
      text.orders === ''
        ? (0 as CollapsePolicy['orders'])
        : valueOf(parseOrders(text.orders ?? 'all', geometry)),
    maxPtesNone: text.maxPtesNone ?? limits.maxPtesNone,
    maxPtesSwap: text.maxPtesSwap ?? limits.maxPtesSwap,
    maxPtesShared: text.maxPtesShared ?? limits.maxPtesShared,
    caller: 'khugepaged',
    model: KERNEL_MODELS[text.model ?? 'linux-7.2'],
  };
}

export function outcomesOf(texts: readonly string[], geometry: Geometry): OutcomeRule[] {
  return texts.map((text) => valueOf(parseOutcome(text, geometry)));
}

/** A range as the scan hands it to the search. */
export function scannedOf(text: RangeText): ScannedRange {
  const {
    geometry,
    uffdArmed,
    facts: { present, swap },
  } = rangeOf(text);
  return { geometry, occupied: present, unmapped: countPages(swap), uffdArmed };
}

/** Plans a range given as text. */
export function plan(range: RangeText, policy: PolicyText, options?: PlanOptions): CollapsePlan {
  const { pmdOrder } = range;
  return planRange(
    rangeOf(range),
    policyOf(pmdOrder === undefined ? policy : { pmdOrder, ...policy }),
    options,
  );
}

/** The attempts of a plan, one text each: "0:9 SCAN_PAGE_COUNT"; just "0:4" for a success. */
export function attemptTexts({ attempts }: CollapsePlan): string[] {
  return attempts.map(
    ({ offset, order, result }) => `${offset}:${order}${result === 'SCAN_SUCCEED' ? '' : ` ${result}`}`,
  );
}

/** The windows that a plan collapses: "0:4 16:3". */
export function collapseText(result: CollapsePlan): string {
  return collapsesOf(result)
    .map(({ offset, order }) => `${offset}:${order}`)
    .join(' ');
}
