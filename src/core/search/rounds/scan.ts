import { pagesPerRange } from '../../memory/geometry.ts';
import { emptyOccupancy, hasPage, setPage } from '../../memory/occupancy.ts';
import { asOffset, asOrder } from '../../memory/order.ts';
import type { RangeState } from '../../memory/range-state.ts';
import { type CollapsePolicy, noneLimit } from '../../rules/policy.ts';
import type { ScanReport } from '../../rules/scan.ts';
import type { ScanResult } from '../../rules/scan-result.ts';

/** What the scan of the proposed rebuild found in a range, or in the part of it that the VMA covers. */
interface RoundsScan extends ScanReport {
  /** The limits whose exceed counters of the PMD order grow. */
  readonly exceeded: readonly ScanResult[];
}

/**
 * The scan that goes with `rounds`. A PTE that may not be collapsed costs the range its PMD order only and
 * leaves a clear bit; swap and shared PTEs above their limits, which are scaled to the part, end it for all
 * orders. References are required for the PMD order alone. Unknown facts count as their ordinary case.
 * Source: docs/khugepaged.md#rounds-scan; pages without struct page, off the LRU or not anonymous, and the
 * NUMA rule, are not part of a RangeState.
 */
export function scanForRounds(
  range: RangeState,
  policy: CollapsePolicy,
  part: { readonly start: number; readonly end: number } = { start: 0, end: pagesPerRange(range.geometry) },
): RoundsScan {
  const { geometry, facts, uffdArmed } = range;
  const { start, end } = part;
  const pages = pagesPerRange(geometry);
  const none = emptyOccupancy(geometry);
  const { present, swap } = facts;
  const { zero = none, uffd = none, lazyfree = none, locked = none, unreferenced = none } = facts;
  const sharedPages = facts.shared ?? none;
  const pmdOrder = asOrder(geometry.pmdOrder);
  const holesAllowed = uffdArmed ? 0 : noneLimit(policy, pmdOrder, geometry);
  const aboveScaled = (count: number, limit: number) => count * pages > limit * (end - start);

  const occupied = emptyOccupancy(geometry);
  const exceeded: ScanResult[] = [];
  let [noneOrZero, unmapped, shared, referenced, looked] = [0, 0, 0, 0, 0];
  let tableVeto: ScanResult | undefined;
  let failedAt: number | undefined;
  let pmdVeto: ScanResult | undefined;
  const vetoPmd = (result: ScanResult) => {
    if (pmdVeto !== undefined) return;
    pmdVeto = result;
    if (result === 'SCAN_EXCEED_NONE_PTE') exceeded.push(result);
  };
  if (range.pmdMapped) {
    looked = 1;
    tableVeto = 'SCAN_PMD_MAPPED';
  }
  for (let page = start; page < end && tableVeto === undefined; page++) {
    looked++;
    if (hasPage(swap, page)) {
      if (aboveScaled(++unmapped, policy.maxPtesSwap)) tableVeto = 'SCAN_EXCEED_SWAP_PTE';
      else if (hasPage(uffd, page)) vetoPmd('SCAN_PTE_UFFD');
    } else if (!hasPage(present, page) || hasPage(zero, page)) {
      if (++noneOrZero > holesAllowed) vetoPmd('SCAN_EXCEED_NONE_PTE');
    } else if (hasPage(uffd, page)) {
      vetoPmd('SCAN_PTE_UFFD');
    } else if (hasPage(lazyfree, page)) {
      vetoPmd('SCAN_PAGE_LAZYFREE');
    } else if (hasPage(sharedPages, page) && aboveScaled(++shared, policy.maxPtesShared)) {
      tableVeto = 'SCAN_EXCEED_SHARED_PTE';
    } else if (hasPage(locked, page)) {
      vetoPmd('SCAN_PAGE_LOCK');
    } else {
      setPage(occupied, page);
      if (!hasPage(unreferenced, page)) referenced++;
    }
  }
  if (tableVeto === 'SCAN_EXCEED_SWAP_PTE' || tableVeto === 'SCAN_EXCEED_SHARED_PTE') {
    exceeded.push(tableVeto);
    failedAt = start + looked - 1;
  }

  const lacksReferences = referenced === 0 || (unmapped > 0 && referenced < pages >>> 1);
  return {
    result: tableVeto ?? 'SCAN_SUCCEED',
    pmdRefusal: tableVeto ? undefined : lacksReferences ? 'SCAN_LACK_REFERENCED_PAGE' : pmdVeto,
    failedAt: failedAt === undefined ? undefined : asOffset(failedAt),
    occupied,
    exceeded,
    looked,
    noneOrZero,
    unmapped,
    shared,
    referenced,
  };
}
