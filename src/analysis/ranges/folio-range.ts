import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { OrderSet } from '../../core/memory/order.ts';
import type { FolioWindows } from '../../core/plan/folio-windows.ts';
import type { CountedOutcome } from './counted-range.ts';
import type { Refusal, Tally } from './tally.ts';

/**
 * Adds to a tally what changes in a range that khugepaged scans, of so many pages in small pages and large
 * folios and nothing else, which `windows` has read. `tally` has the range as it is already. Returns why
 * nothing in it collapses; undefined if anything does, and then writes `into`.
 */
export function countFolioRange(
  tally: Tally,
  windows: FolioWindows,
  pages: number,
  orders: OrderSet,
  maxPtesNone: number,
  into: CountedOutcome,
): Refusal | undefined {
  const all = pagesPerRange(tally.geometry);
  const scanLimit = orders === 1 << tally.geometry.pmdOrder ? maxPtesNone : all - 1;
  if (all - pages > scanLimit) return 'SCAN_EXCEED_NONE_PTE';
  windows.collapse(pages, orders, maxPtesNone);
  const { attempts, held } = windows;
  if (attempts === 0) return 'no-window';
  tally.attempts += attempts;
  if (held > 0) {
    const failed = tally.failedAttempts.get('SCAN_PTE_MAPPED_HUGEPAGE') ?? 0;
    tally.failedAttempts.set('SCAN_PTE_MAPPED_HUGEPAGE', failed + held);
  }
  if (held === attempts) return 'SCAN_PTE_MAPPED_HUGEPAGE';
  replaceFolios(tally, windows, into);
  return undefined;
}

/** Takes the folios that are replaced out of the range, and puts those in that are made. */
function replaceFolios(tally: Tally, windows: FolioWindows, into: CountedOutcome): void {
  windows.map();
  const { pmdOrder } = tally.geometry;
  const { pagesByOrder, made, replacedPages, replacedFolios } = windows;
  let copied = 0;
  let covered = 0;
  let main = 0;
  let mainPages = 0;
  for (let order = 0; order <= pmdOrder; order++) {
    const filled = made[order] << order;
    const change = filled - replacedPages[order];
    const pages = pagesByOrder[order] + change;
    copied += replacedPages[order];
    covered += filled;
    tally.collapses[order] += made[order];
    tally.pagesAfter[order] += change;
    tally.wholeFoliosAfter[order] += (order < pmdOrder ? made[order] : 0) - replacedFolios[order];
    // The order with most pages, the larger of two that have as many: see mainOrder.
    if (pages > 0 && pages >= mainPages) {
      main = order;
      mainPages = pages;
    }
  }
  tally.pmdMappedPages.after += made[pmdOrder] << pmdOrder;
  tally.coveredPages += covered;
  tally.copiedPages += copied;
  tally.filledPages += covered - copied;
  tally.leftSmallPages += pagesByOrder[0] - replacedPages[0];
  into.mainOrder = main;
  into.growthPages = covered - copied;
}

/** Adds a range to a tally as it is: the folios that `windows` has read, and mapped. */
export function addStandingFolios(
  { pagesBefore, pagesAfter, wholeFoliosBefore, wholeFoliosAfter }: Tally,
  { pagesByOrder, wholeFolios }: FolioWindows,
): void {
  for (let order = 0; order < pagesBefore.length; order++) {
    pagesBefore[order] += pagesByOrder[order];
    pagesAfter[order] += pagesByOrder[order];
    wholeFoliosBefore[order] += wholeFolios[order];
    wholeFoliosAfter[order] += wholeFolios[order];
  }
}
