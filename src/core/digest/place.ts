import { pagesPerRange } from '../memory/geometry.ts';
import { countPages, hasPage, intersection, isEmpty, type Occupancy } from '../memory/occupancy.ts';
import { anonOrders } from '../memory/order.ts';
import { hasLargeFolio, type RangeState } from '../memory/range-state.ts';
import { KERNEL_MODELS } from '../rules/kernel-model.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { scanRange } from '../rules/scan.ts';
import type { ScanResult } from '../rules/scan-result.ts';
import { putsBackNothingOpen } from './blocked-range.ts';
import { isBlockedKey } from './blocked-table.ts';

/**
 * Where a range belongs:
 * - `ordinary`: attempts on it succeed or meet an existing folio, nothing else; a digest counts it;
 * - `blocked`: it has shared pages or swap entries besides, and attempts on windows with these fail; a digest
 *   counts it in a table of its own;
 * - `apart`: what happens depends on more than a digest counts (references, userfaultfd, MADV_FREE pages,
 *   which only some kernels refuse, private large folios beside shared pages, and pages that a failed attempt
 *   leaves in the LRU batch); it is walked under each policy;
 * - a scan result: khugepaged refuses it so under every policy.
 */
export type DigestPlace = 'ordinary' | 'blocked' | 'apart' | ScanResult;

/** Finds the place of a range. If a table counts it, its occupied PTEs are left in `occupied`. */
export function digestPlaceOf(range: RangeState, occupied: Occupancy): DigestPlace {
  if (!range.pmdMapped && isPlain(range, occupied)) {
    const { shared, swap } = range.facts;
    if (isEmpty(swap) && avoids(shared, occupied)) return 'ordinary';
    if (isBlocked(range, occupied) && putsBackNothingOpen(occupied, range)) return 'blocked';
  }
  const refusal = scanRange(range, permissive(range, true)).result;
  if (refusal === 'SCAN_SUCCEED') return 'apart';
  const elsewhere =
    refusal === 'SCAN_PAGE_LAZYFREE' ? scanRange(range, permissive(range, false)).result : refusal;
  return elsewhere === 'SCAN_SUCCEED' ? 'apart' : refusal;
}

/**
 * Whether attempts on a range fail on blocked windows, or where such a failure left pages in the LRU batch,
 * and on no others. Then its occupied PTEs are left in `occupied`.
 */
export function isBlockedRange(range: RangeState, occupied: Occupancy): boolean {
  return !range.pmdMapped && isPlain(range, occupied) && isBlocked(range, occupied);
}

/** Whether it has nothing but pages that were used recently, in folios, and what may block windows. */
function isPlain(range: RangeState, occupied: Occupancy): boolean {
  const { facts } = range;
  const { present, zero, swap } = facts;
  for (let i = 0; i < occupied.length; i++) occupied[i] = zero ? present[i] & ~zero[i] : present[i];
  return (
    !range.uffdArmed &&
    avoids(facts.guard, swap) &&
    avoids(facts.uffd, swap) &&
    avoids(facts.unreferenced, occupied) &&
    avoids(facts.pinned, occupied) &&
    avoids(facts.lazyfree, occupied) &&
    avoids(facts.locked, occupied) &&
    avoids(facts.uffd, occupied)
  );
}

/** Whether a plain range has pages that block windows, and the scan goes on to the search. */
function isBlocked(range: RangeState, occupied: Occupancy): boolean {
  const { geometry, facts, folioOrders } = range;
  const pages = countPages(occupied);
  const key = {
    pages,
    shared: facts.shared ? countPages(intersection(facts.shared, occupied)) : 0,
    swapped: countPages(facts.swap),
  };
  if (!isBlockedKey(key, geometry)) return false;
  if (folioOrders && hasLargeFolio(folioOrders))
    for (const [page, order] of folioOrders.entries())
      if (order > 0 && hasPage(occupied, page) && !(facts.shared && hasPage(facts.shared, page)))
        return false;
  return true;
}

function avoids(fact: Occupancy | undefined, occupied: Occupancy): boolean {
  if (fact) for (let i = 0; i < occupied.length; i++) if (fact[i] & occupied[i]) return false;
  return true;
}

/** The policy that refuses least: what fails its scan fails under every policy. */
function permissive({ geometry }: RangeState, refusesLazyfree: boolean): CollapsePolicy {
  const all = pagesPerRange(geometry);
  return {
    orders: anonOrders(geometry),
    maxPtesNone: all - 1,
    maxPtesSwap: all,
    maxPtesShared: all,
    caller: 'khugepaged',
    model: { ...KERNEL_MODELS['linux-7.2'], refusesLazyfree },
  };
}
