import { pagesPerRange } from '../memory/geometry.ts';
import { isEmpty, type Occupancy } from '../memory/occupancy.ts';
import { anonOrders } from '../memory/order.ts';
import type { RangeState } from '../memory/range-state.ts';
import { KERNEL_MODELS } from '../rules/kernel-model.ts';
import type { CollapsePolicy } from '../rules/policy.ts';
import { scanRange } from '../rules/scan.ts';
import type { ScanResult } from '../rules/scan-result.ts';

/**
 * Where a range belongs:
 * - `ordinary`: attempts on it succeed or meet an existing folio, nothing else; a digest counts it;
 * - `apart`: what happens depends on more than a digest counts (swap, sharing, references, userfaultfd, and
 *   MADV_FREE pages, which only some kernels refuse); it is walked under each policy;
 * - a scan result: khugepaged refuses it so under every policy.
 */
export type DigestPlace = 'ordinary' | 'apart' | ScanResult;

/** Finds the place of a range. If it is ordinary, its occupied PTEs are left in `occupied`. */
export function digestPlaceOf(range: RangeState, occupied: Occupancy): DigestPlace {
  if (!range.pmdMapped && isOrdinary(range, occupied)) return 'ordinary';
  const refusal = scanRange(range, permissive(range, true)).result;
  if (refusal === 'SCAN_SUCCEED') return 'apart';
  const elsewhere =
    refusal === 'SCAN_PAGE_LAZYFREE' ? scanRange(range, permissive(range, false)).result : refusal;
  return elsewhere === 'SCAN_SUCCEED' ? 'apart' : refusal;
}

function isOrdinary(range: RangeState, occupied: Occupancy): boolean {
  const { facts } = range;
  const { present, zero } = facts;
  for (let i = 0; i < occupied.length; i++) occupied[i] = zero ? present[i] & ~zero[i] : present[i];
  if (range.uffdArmed || !isEmpty(facts.swap)) return false;
  return (
    avoids(facts.shared, occupied) &&
    avoids(facts.unreferenced, occupied) &&
    avoids(facts.pinned, occupied) &&
    avoids(facts.lazyfree, occupied) &&
    avoids(facts.locked, occupied) &&
    avoids(facts.uffd, occupied)
  );
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
