import { type Geometry, pagesPerRange, x86_64 } from '../../core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  hasPage,
  intersection,
  isEmpty,
  type Occupancy,
  setPages,
  union,
} from '../../core/memory/occupancy.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import { formatPages } from '../../core/memory/page-list.ts';
import { pteKind } from '../../core/memory/pte-kind.ts';
import { pageFacts, type RangeState } from '../../core/memory/range-state.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';

/** That of the kernels of x86-64: of what was recorded, and of the suites that are asked of them alone. */
export const PROBE_GEOMETRY: Geometry = x86_64;

/**
 * The lists of pages that describe a range. Present, zero, swap, guard, dropped and outside pages are apart
 * from each other; the others say more of present ones, and `uffd` of swapped ones too.
 */
export const PAGE_LISTS = [
  'present',
  'zero',
  'swap',
  'guard',
  /** Written and dropped again, so that there is a page table. */
  'dropped',
  'shared',
  'unreferenced',
  'pinned',
  'lazyfree',
  /** Dropped from old folios and written anew as small pages. */
  'small',
  /** Write-protected with userfaultfd. */
  'uffd',
  /** Outside of every VMA. */
  'outside',
] as const;

type PageList = (typeof PAGE_LISTS)[number];

/** What the probe makes of one PMD range: bitmaps of its pages, and what else it does. */
export interface ProbeRange extends Readonly<Record<PageList, Occupancy>> {
  /** Order of the old folios that the present pages are what is left of; 0 for small pages. */
  readonly folioOrder: number;
  /** Such folios of the PMD order are mapped by a page table even if they are whole. */
  readonly split: boolean;
  /** Each page is the first one of a folio of its own. */
  readonly scattered: boolean;
  /** The VMA of the range is registered with userfaultfd. */
  readonly armed: boolean;
}

/** Ranges side by side that khugepaged is given under one policy, for some full scans. */
export interface KhugepagedBatch extends CollapseLimits {
  readonly call: 'khugepaged';
  readonly geometry: Geometry;
  readonly orders: OrderSet;
  readonly ranges: readonly ProbeRange[];
}

/**
 * Ranges side by side, with one MADV_COLLAPSE for each `span` of them, when all settings forbid any collapse.
 */
export interface MadviseBatch {
  readonly call: 'madvise';
  readonly geometry: Geometry;
  readonly span: number;
  readonly ranges: readonly ProbeRange[];
}

export type ProbeBatch = KhugepagedBatch | MadviseBatch;

/** Full scans that a batch is given: enough for what the LRU batch delays. */
const SCANS = 4;

/** A range of which only the named facts differ from an empty one. */
export function probeRange(facts: Partial<ProbeRange>, geometry: Geometry = PROBE_GEOMETRY): ProbeRange {
  const lists = Object.fromEntries(PAGE_LISTS.map((list) => [list, emptyOccupancy(geometry)]));
  const none = lists as Record<PageList, Occupancy>;
  return { ...none, folioOrder: 0, split: false, scattered: false, armed: false, ...facts };
}

/** The lines that ask the probe about a batch (kernel-lab/README.md). */
export function requestLines(batch: ProbeBatch): string[] {
  return [headLine(batch), ...batch.ranges.map(rangeLine)];
}

function headLine(batch: ProbeBatch): string {
  if (batch.call === 'madvise') return `madvise ${batch.span} ${batch.ranges.length}`;
  const { orders, maxPtesNone, maxPtesSwap, maxPtesShared, ranges } = batch;
  return `khugepaged ${orders.toString(16)} ${maxPtesNone} ${maxPtesSwap} ${maxPtesShared} ${SCANS} ${ranges.length}`;
}

/** The words that describe a range to the probe. */
export function rangeLine(range: ProbeRange): string {
  return [
    ...PAGE_LISTS.filter((list) => !isEmpty(range[list])).map(
      (list) => `${list}=${formatPages(range[list])}`,
    ),
    ...(range.folioOrder > 0 ? [`folio=${range.folioOrder}`] : []),
    ...(['split', 'scattered', 'armed'] as const).filter((flag) => range[flag]),
  ].join(' ');
}

/** Whether khugepaged scans the range: it leaves out what a VMA does not cover. */
export function isScanned(range: ProbeRange): boolean {
  return isEmpty(range.outside);
}

/** How often each range is scanned at least: MADV_COLLAPSE promises nothing. */
export function leastPasses(batch: ProbeBatch): number[] {
  const passes = batch.call === 'khugepaged' && batch.orders !== 0 ? SCANS : 0;
  return batch.ranges.map((range) => (isScanned(range) ? passes : 0));
}

/** Whether there is a page table, if only an empty one. */
export function hasPageTable(range: ProbeRange): boolean {
  return (['present', 'zero', 'swap', 'guard', 'dropped'] as const).some((list) => !isEmpty(range[list]));
}

/** Whether some page was ever written; zero pages and guard markers are not. */
export function isWritten(range: ProbeRange): boolean {
  return (['present', 'swap', 'dropped'] as const).some((list) => !isEmpty(range[list]));
}

/** The range as the model sees it. */
export function stateOf(range: ProbeRange, geometry: Geometry = PROBE_GEOMETRY): RangeState {
  const pages = pagesPerRange(geometry);
  const folioOrders = new Uint8Array(pages);
  for (let page = 0; page < pages; page++) {
    if (hasPage(range.present, page) && !hasPage(range.small, page)) folioOrders[page] = range.folioOrder;
  }
  const whole = folioOrders.every((order) => order === geometry.pmdOrder);
  const seen = { present: union(range.present, range.zero), swap: union(range.swap, range.guard) };
  const others = { ...range, pinned: pinnedWithFolios(range, geometry), locked: emptyOccupancy(geometry) };
  return {
    geometry,
    address: 0,
    facts: pageFacts(seen, (fact) => others[fact]),
    folioOrders,
    pmdMapped: whole && !range.split && !range.scattered,
    uffdArmed: range.armed,
  };
}

/** A pinned page pins its folio. */
function pinnedWithFolios(range: ProbeRange, geometry: Geometry): Occupancy {
  if (range.folioOrder === 0 || range.scattered) return range.pinned;
  const pinned = range.pinned.slice();
  const ofFolios = difference(range.present, range.small);
  const size = 1 << range.folioOrder;
  for (let first = 0; first < pagesPerRange(geometry); first += size) {
    const folio = emptyOccupancy(geometry);
    setPages(folio, first, size);
    const left = intersection(folio, ofFolios);
    if (isEmpty(intersection(left, range.pinned))) continue;
    for (let i = 0; i < pinned.length; i++) pinned[i] |= left[i];
  }
  return pinned;
}

/**
 * A range as the probe reports it: one character a page. `.` none, `z` zero page, `s` swap, `g` guard marker,
 * else the order of its folio: a digit, and `:` and `;`, which follow 9, for 10 and 11.
 */
export function pagesText(range: RangeState): string {
  let text = '';
  for (let page = 0; page < pagesPerRange(range.geometry); page++) text += pageText(range, page);
  return text;
}

const DIGIT_ZERO = '0'.charCodeAt(0);

function pageText(range: RangeState, page: number): string {
  const kind = pteKind(range, page);
  if (kind !== 'swap')
    return kind === 'empty' ? '.' : kind === 'zero' ? 'z' : String.fromCharCode(DIGIT_ZERO + kind);
  const { guard } = range.facts;
  return guard && hasPage(guard, page) ? 'g' : 's';
}
