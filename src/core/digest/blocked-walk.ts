import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import { emptyOccupancy, hasPage } from '../memory/occupancy.ts';
import { MIN_ANON_ORDER } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { clearCounts, emptyCounts, type PolicyCounts } from '../plan/policy-counts.ts';
import { LruBatch } from '../rules/lru-batch.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { emptyLevels, type FolioLevels, largeInRange } from './folios.ts';
import { isBlockedRange } from './place.ts';

/** Pages of the smallest windows; ranges are cut into as many units. */
const UNIT = 2 ** MIN_ANON_ORDER;

const FULL = 1;
const ANY = 2;
const SWAPPED = 4;
/** No unit of a window. */
const NONE = 0xffff;

/**
 * What attempts on the windows of a range depend on. A window of order k at unit u has the number
 * (NR >> k) + (u >> (k - 2)).
 */
interface Windows {
  readonly flags: Uint8Array;
  /** The order of the largest full window inside; 0 if there is none. */
  readonly largestFull: Uint8Array;
  /** The first unit with a shared page. */
  readonly shared: Uint16Array;
  /** Occupied PTEs before the first shared page. */
  readonly before: Uint16Array;
  /** Occupied PTEs before each unit. */
  readonly pages: Uint16Array;
  readonly sharedPages: number;
  readonly swapped: number;
  readonly largePages: number;
  readonly savedEntries: number;
}

/**
 * Walks ranges that have shared pages or swap entries and nothing else of note, the LRU batch included: what
 * `settledCounts` says of them, in a small part of its time. Why it is the same: docs/digest.md#blocked.
 */
export class BlockedWalks {
  readonly #geometry: Geometry;
  readonly #levels: FolioLevels;
  readonly #windows = new Map<RangeState, Windows | undefined>();
  /** What is handed out: a sweep walks a range a thousand times. */
  readonly #counts: PolicyCounts;
  /** The order of the folio that a collapse has made of each unit, 0 for none. */
  readonly #made: Uint8Array;
  /** The first such unit at or after each one, as the pass began. */
  readonly #nextMade: Uint16Array;

  /** One TLB entry below the PMD maps up to `reachPages`. */
  constructor(geometry: Geometry, reachPages: number) {
    const units = pagesPerRange(geometry) / UNIT;
    this.#geometry = geometry;
    this.#levels = emptyLevels(geometry, reachPages);
    this.#counts = emptyCounts(geometry);
    this.#made = new Uint8Array(units);
    this.#nextMade = new Uint16Array(units + 1);
  }

  /**
   * Undefined for other ranges, and under the older none rules. Ranges are told apart by identity. The next
   * call overwrites what this one returns.
   */
  counts(range: RangeState, policy: CollapsePolicy): PolicyCounts | undefined {
    if (policy.model.noneRule !== 'ends' || policy.caller !== 'khugepaged') return undefined;
    let windows = this.#windows.get(range);
    if (!windows && !this.#windows.has(range)) this.#windows.set(range, (windows = this.#windowsOf(range)));
    return windows && this.#walk(windows, policy);
  }

  #walk(windows: Windows, { orders, model, ...limits }: CollapsePolicy): PolicyCounts {
    const { pmdOrder } = this.#geometry;
    const counts = this.#counts;
    clearCounts(counts);
    const all = pagesPerRange(this.#geometry);
    const { sharedPages, swapped, largePages, savedEntries } = windows;
    if (orders === 0 || sharedPages > limits.maxPtesShared || swapped > limits.maxPtesSwap) return counts;
    const pages = windows.pages[all / UNIT];
    const counted = pages + (model.unmappedFillsPmd ? swapped : 0);
    if ((orders >>> pmdOrder) & 1 && counted >= all - limits.maxPtesNone) {
      counts.attempts[pmdOrder] = counts.collapses[pmdOrder] = 1;
      counts.copiedPages = pages + swapped;
      counts.filledPages = all - pages - swapped;
      counts.swappedInPages = swapped;
      counts.copiedSharedPages = sharedPages;
      counts.newlyHugePages = pages + swapped - largePages;
      counts.savedEntries = savedEntries;
      return counts;
    }
    const below: number[] = [];
    for (let order = pmdOrder - 1; order >= MIN_ANON_ORDER; order--)
      if ((orders >>> order) & 1) below.push(order);
    if (below.length === 0) return counts;
    const qualifying = limits.maxPtesNone === all - 1 ? ANY : FULL;
    this.#made.fill(0);
    let collapsed = this.#pass(windows, below, qualifying, counts.attempts, counts);
    counts.newlyHugePages = counts.copiedPages;
    if (!collapsed) counts.laterAttempts.set(counts.attempts);
    while (collapsed) {
      counts.laterAttempts.fill(0);
      collapsed = this.#pass(windows, below, qualifying, counts.laterAttempts, undefined);
    }
    return counts;
  }

  /**
   * One pass with an empty LRU batch at its start; the first one, before which nothing is made, counts what
   * it does. Whether anything collapsed.
   */
  #pass(
    { flags, largestFull, shared, before, pages }: Windows,
    orders: readonly number[],
    qualifying: number,
    attempts: Float64Array,
    counts: PolicyCounts | undefined,
  ): boolean {
    const made = this.#made;
    const nextMade = this.#nextMade;
    const all = pagesPerRange(this.#geometry);
    const units = made.length;
    if (counts) nextMade.fill(NONE);
    else {
      for (let unit = units - 1; unit >= 0; unit--)
        nextMade[unit] = made[unit] > 0 ? unit : nextMade[unit + 1];
    }
    /** Pages in the batch. Those of the window at hand wait that have fewer occupied PTEs before them. */
    let waiting = 0;
    let inBatch = 0;
    let collapsed = false;
    let level = 0;
    const smallest = orders[orders.length - 1];
    for (let unit = 0; unit < units; ) {
      const order = orders[level];
      const size = 1 << (order - MIN_ANON_ORDER);
      const window = (all >> order) + (unit >> (order - MIN_ANON_ORDER));
      // Done as well where none of the windows inside is tried.
      let isDone = qualifying === FULL ? largestFull[window] < smallest : (flags[window] & ANY) === 0;
      if (flags[window] & qualifying) {
        attempts[order]++;
        if (flags[window] & SWAPPED) {
          // Fails before it isolates anything.
        } else if (made[unit] >= order) isDone = true;
        else if (pages[unit] < inBatch) {
          // Its first page waits in the batch.
        } else if (shared[window] !== NONE) {
          if (nextMade[unit] < shared[window]) waiting = inBatch = 0;
          else if (before[window] > 0) {
            const put = waiting + before[window];
            waiting = put % LruBatch.SLOTS;
            inBatch = pages[unit] + (put < LruBatch.SLOTS ? before[window] : waiting);
          }
        } else {
          isDone = collapsed = true;
          waiting = inBatch = 0;
          made.fill(order, unit, unit + size);
          if (counts) {
            const copied = pages[unit + size] - pages[unit];
            counts.collapses[order]++;
            counts.copiedPages += copied;
            counts.filledPages += 2 ** order - copied;
          }
        }
      }
      if (!isDone && level + 1 < orders.length) {
        level++;
        continue;
      }
      unit += size;
      level = 0;
      while (unit & ((1 << (orders[level] - MIN_ANON_ORDER)) - 1)) level++;
    }
    return collapsed;
  }

  #windowsOf(range: RangeState): Windows | undefined {
    const { facts, folioOrders } = range;
    const occupied = emptyOccupancy(this.#geometry);
    if (!isBlockedRange(range, occupied)) return undefined;
    const all = pagesPerRange(this.#geometry);
    const flags = new Uint8Array((2 * all) / UNIT);
    const shared = new Uint16Array(flags.length).fill(NONE);
    const before = new Uint16Array(flags.length);
    const pages = new Uint16Array(all / UNIT + 1);
    const largestFull = new Uint8Array(flags.length);
    let sharedPages = 0;
    let swapped = 0;
    for (let unit = 0; unit < all / UNIT; unit++) {
      const window = all / UNIT + unit;
      let mapped = 0;
      for (let page = unit * UNIT; page < (unit + 1) * UNIT; page++) {
        if (hasPage(facts.swap, page)) {
          swapped++;
          flags[window] |= SWAPPED;
        } else if (hasPage(occupied, page)) {
          if (facts.shared && hasPage(facts.shared, page)) {
            sharedPages++;
            if (shared[window] === NONE) before[window] = mapped;
            shared[window] = Math.min(shared[window], unit);
          }
          mapped++;
        }
      }
      flags[window] |= (mapped > 0 ? ANY : 0) | (mapped === UNIT ? FULL : 0);
      if (mapped === UNIT) largestFull[window] = MIN_ANON_ORDER;
      pages[unit + 1] = pages[unit] + mapped;
    }
    for (let window = all / UNIT - 1; window > 1; window--) {
      const [left, right] = [2 * window, 2 * window + 1];
      flags[window] = ((flags[left] | flags[right]) & (ANY | SWAPPED)) | (flags[left] & flags[right] & FULL);
      largestFull[window] =
        flags[window] & FULL ? largestFull[left] + 1 : Math.max(largestFull[left], largestFull[right]);
      const first = shared[left] !== NONE ? left : right;
      shared[window] = shared[first];
      if (shared[window] !== NONE)
        before[window] = before[first] + (first === left ? 0 : this.#pagesOf(left, pages));
    }
    const hasFolios = folioOrders !== undefined && hasLargeFolio(folioOrders);
    const { large, saved } = hasFolios
      ? largeInRange(occupied, folioOrders, this.#levels)
      : { large: 0, saved: 0 };
    const windows = { flags, largestFull, shared, before, pages };
    return { ...windows, sharedPages, swapped, largePages: large, savedEntries: saved };
  }

  /** Occupied PTEs of a window by its number. */
  #pagesOf(window: number, pages: Uint16Array): number {
    const log = 31 - Math.clz32(window);
    const size = (pages.length - 1) >> log;
    const unit = (window - (1 << log)) * size;
    return pages[unit + size] - pages[unit];
  }
}
