import { type Geometry, pagesPerRange, x86_64 } from '../core/geometry.ts';
import { hasPage, type Occupancy } from '../core/occupancy.ts';
import type { OrderSet } from '../core/order.ts';
import type { CollapseLimits } from '../core/policy.ts';
import type { RangeState } from '../core/range-state.ts';

export const LAB_GEOMETRY: Geometry = x86_64;

/** What the probe makes of one PMD range. Bitmaps of 512 pages; zero pages are none of the present ones. */
export interface LabRange {
  readonly present: Occupancy;
  readonly zero: Occupancy;
  readonly shared: Occupancy;
  readonly unreferenced: Occupancy;
  readonly pinned: Occupancy;
  readonly lazyfree: Occupancy;
  /** Order of the old folios that the present pages are what is left of; 0 for small pages. */
  readonly folioOrder: number;
  /** Present pages that were dropped from such folios and written anew as small ones. */
  readonly small: Occupancy;
}

/** Ranges that khugepaged is given together, under one policy. */
export interface LabBatch extends CollapseLimits {
  readonly orders: OrderSet;
  readonly ranges: readonly LabRange[];
}

/** Full scans that a batch is given: enough for what the LRU batch delays. */
export const SCANS = 4;

/** The lines that ask the probe about a batch (kernel-lab/README.md). */
export function requestLines({
  orders,
  maxPtesNone,
  maxPtesSwap,
  maxPtesShared,
  ranges,
}: LabBatch): string[] {
  const limits = [maxPtesNone, maxPtesSwap, maxPtesShared].join(' ');
  return [
    `batch ${orders.toString(16)} ${limits} ${SCANS} ${ranges.length}`,
    ...ranges.map(({ folioOrder, present, zero, shared, unreferenced, pinned, lazyfree, small }) =>
      [folioOrder, ...[present, zero, shared, unreferenced, pinned, lazyfree, small].map(hexOf)].join(' '),
    ),
  ];
}

/** 128 hexadecimal digits, page 511 first; `-` for no page. */
function hexOf(pages: Occupancy): string {
  if (pages.every((word) => word === 0)) return '-';
  return [...pages]
    .toReversed()
    .map((word) => word.toString(16).padStart(8, '0'))
    .join('');
}

/** The range as the model sees it. */
export function stateOf(range: LabRange): RangeState {
  const pages = pagesPerRange(LAB_GEOMETRY);
  const none = new Uint32Array(range.present.length);
  const folioOrders = new Uint8Array(pages);
  for (let page = 0; page < pages; page++) {
    if (hasPage(range.present, page) && !hasPage(range.small, page)) folioOrders[page] = range.folioOrder;
  }
  const whole = folioOrders.every((order) => order === LAB_GEOMETRY.pmdOrder);
  return {
    geometry: LAB_GEOMETRY,
    address: 0,
    present: range.present.map((word, i) => word | range.zero[i]),
    swap: none,
    guard: none,
    zero: range.zero,
    shared: range.shared,
    unreferenced: range.unreferenced,
    pinned: range.pinned,
    lazyfree: range.lazyfree,
    locked: none,
    uffd: none,
    folioOrders,
    pmdMapped: whole,
    uffdArmed: false,
  };
}

/** A range as the probe reports it: one character a page, `.` none, `z` zero page, else the order of its folio. */
export function pagesText(range: RangeState): string {
  return Array.from({ length: pagesPerRange(range.geometry) }, (_, page) => {
    if (!hasPage(range.present, page)) return '.';
    if (range.zero && hasPage(range.zero, page)) return 'z';
    return String(range.folioOrders?.[page] ?? 0);
  }).join('');
}
