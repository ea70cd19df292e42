import { pagesPerRange } from '../memory/geometry.ts';
import { countBits, emptyOccupancy, hasPage, type Occupancy, setPage } from '../memory/occupancy.ts';
import { asOffset, type Offset } from '../memory/order.ts';
import type { RangeState } from '../memory/range-state.ts';
import { type CollapsePolicy, scanNoneLimit } from './policy.ts';
import type { ScanResult } from './scan-result.ts';

/**
 * What the scan of one range found: the verdict on the whole range and the bitmap that the search works on.
 */
export interface ScanReport {
  /** SCAN_SUCCEED when the search may start. */
  readonly result: ScanResult;
  /** PTEs looked at, the failing one included: the progress that khugepaged counts. */
  readonly looked: number;
  /** The PTE that ended the scan early. */
  readonly failedAt: Offset | undefined;
  /** PTEs that map an ordinary page, as far as looked at. */
  readonly occupied: Occupancy;
  readonly noneOrZero: number;
  readonly unmapped: number;
  readonly shared: number;
  /** Referenced pages; only khugepaged counts them. */
  readonly referenced: number;
  /**
   * What the scan has against the PMD order alone: the search goes on without it. Only scans that go with a
   * search refuse no more than that (docs/khugepaged.md#rounds-scan).
   */
  readonly pmdRefusal?: ScanResult;
}

/**
 * Facts about a range that only a running system knows (collapse_scan_pmd, docs/khugepaged.md#scan-rows, rows
 * 6, 11, 12 and 13, and docs/khugepaged.md#scan-references).
 */
export interface LiveFacts {
  /** Present PTEs that map no ordinary page: no struct page, or a device's. */
  readonly noPage?: Occupancy;
  /** Present PTEs whose folio is not on the LRU. */
  readonly offLru?: Occupancy;
  /** Whether any PTE of the range may write. */
  readonly isWritable?: boolean;
  /** Counts the node of the page at this PTE; false if it is too far from the nodes counted before. */
  readonly countNode?: (page: number) => boolean;
}

/**
 * The scan phase over one range: checks each PTE in the kernel's order and stops at the first that forbids a
 * collapse, for all orders. Unknown facts count as their ordinary case.
 * Source: collapse_scan_pmd, docs/khugepaged.md#the-scan.
 */
export function scanRange(range: RangeState, policy: CollapsePolicy, live: LiveFacts = {}): ScanReport {
  const { geometry } = range;
  const { present } = range.facts;
  const pages = pagesPerRange(geometry);
  const noneLimit = scanNoneLimit(policy, geometry, range.uffdArmed);
  const byKhugepaged = policy.caller === 'khugepaged';
  const known = factsOf(range, policy, live);
  const { swap, zero, uffd, noPage, lazyfree, sharedPages, offLru, locked, pinned, unreferenced } = known;
  const { countNode } = live;

  const occupied = emptyOccupancy(geometry);
  let noneOrZero = 0;
  let unmapped = 0;
  let shared = 0;
  let referenced = 0;
  let looked = 0;

  const report = (result: ScanResult, failedAt?: number): ScanReport => ({
    result,
    looked,
    failedAt: failedAt === undefined ? undefined : asOffset(failedAt),
    occupied,
    noneOrZero,
    unmapped,
    shared,
    referenced,
  });

  if (range.pmdMapped) {
    looked = 1;
    return report('SCAN_PMD_MAPPED');
  }
  // Pages that are empty, ordinary or shared are judged a word of bits at a time, with the same outcome.
  const byWords = pages >= 32 && countNode === undefined;
  for (let page = 0; page < pages; page++) {
    if (byWords && (page & 31) === 0) {
      const i = page >>> 5;
      const marked = swap[i] | zero[i] | uffd[i] | lazyfree[i];
      const facts = marked | noPage[i] | offLru[i] | locked[i] | pinned[i];
      const holes = 32 - countBits(present[i]);
      const sharing = countBits(sharedPages[i] & present[i]);
      if (facts === 0 && noneOrZero + holes <= noneLimit && shared + sharing <= policy.maxPtesShared) {
        shared += sharing;
        occupied[i] = present[i];
        noneOrZero += holes;
        looked += 32;
        page += 31;
        if (byKhugepaged) referenced += countBits(present[i] & ~unreferenced[i]);
        continue;
      }
    }
    looked++;
    if (hasPage(swap, page)) {
      if (++unmapped > policy.maxPtesSwap) return report('SCAN_EXCEED_SWAP_PTE', page);
      if (hasPage(uffd, page)) return report('SCAN_PTE_UFFD', page);
    } else if (!hasPage(present, page) || hasPage(zero, page)) {
      if (++noneOrZero > noneLimit) return report('SCAN_EXCEED_NONE_PTE', page);
    } else {
      if (hasPage(uffd, page)) return report('SCAN_PTE_UFFD', page);
      if (hasPage(noPage, page)) return report('SCAN_PAGE_NULL', page);
      if (hasPage(lazyfree, page)) return report('SCAN_PAGE_LAZYFREE', page);
      if (hasPage(sharedPages, page) && ++shared > policy.maxPtesShared) {
        return report('SCAN_EXCEED_SHARED_PTE', page);
      }
      setPage(occupied, page);
      if (countNode && !countNode(page)) return report('SCAN_SCAN_ABORT', page);
      if (hasPage(offLru, page)) return report('SCAN_PAGE_LRU', page);
      if (hasPage(locked, page)) return report('SCAN_PAGE_LOCK', page);
      if (hasPage(pinned, page)) return report('SCAN_PAGE_COUNT', page);
      if (byKhugepaged && !hasPage(unreferenced, page)) referenced++;
    }
  }
  if (policy.model.refusesReadOnly && live.isWritable === false) return report('SCAN_PAGE_RO');
  if (byKhugepaged && (referenced === 0 || (unmapped > 0 && referenced < pages >>> 1)))
    return report('SCAN_LACK_REFERENCED_PAGE');
  return report('SCAN_SUCCEED');
}

/** What is known of the PTEs of a range, and matters under a policy; unknown facts are empty bitmaps. */
interface ScanFacts {
  readonly swap: Occupancy;
  readonly zero: Occupancy;
  readonly uffd: Occupancy;
  readonly noPage: Occupancy;
  readonly lazyfree: Occupancy;
  readonly sharedPages: Occupancy;
  readonly offLru: Occupancy;
  readonly locked: Occupancy;
  readonly pinned: Occupancy;
  readonly unreferenced: Occupancy;
}

function factsOf(
  { geometry, facts }: RangeState,
  { caller, model }: CollapsePolicy,
  live: LiveFacts,
): ScanFacts {
  const none = emptyOccupancy(geometry);
  const seesLazyfree = caller === 'khugepaged' && model.refusesLazyfree;
  return {
    swap: facts.swap,
    zero: facts.zero ?? none,
    uffd: facts.uffd ?? none,
    noPage: live.noPage ?? none,
    lazyfree: (seesLazyfree && facts.lazyfree) || none,
    sharedPages: facts.shared ?? none,
    offLru: live.offLru ?? none,
    locked: facts.locked ?? none,
    pinned: facts.pinned ?? none,
    unreferenced: facts.unreferenced ?? none,
  };
}
