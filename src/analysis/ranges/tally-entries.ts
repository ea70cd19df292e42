import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import type { Mapping, PlanCost } from '../../core/plan/cost.ts';
import { restartTlbEntries, tlbEntries } from '../../core/plan/tlb-entries.ts';
import { FOLIO_REACH } from '../../core/rules/tlb-reach.ts';
import type { Tally } from './tally.ts';

/** TLB entries that map some memory once. */
export interface EntryCounts {
  readonly before: number;
  /** When khugepaged is done. */
  readonly after: number;
  /** After a restart, if page faults fill as much as they may; undefined where a digest does not know. */
  readonly restart: number | undefined;
}

/** TLB entries that map the memory of a tally once, if one maps up to `reachPages` below the PMD. */
export interface TallyEntries extends EntryCounts {
  readonly restart: number;
}

/** TLB entries of a range under both bounds: one for each folio, and one for each PMD entry or page. */
export function entryBounds({ before, after }: Pick<PlanCost, 'before' | 'after'>, geometry: Geometry) {
  const entries = (mapping: Mapping, reachPages: number) =>
    tlbEntries({ ...mapping, residentPages: sum(mapping.pagesByOrder) }, reachPages, geometry);
  return {
    onePerFolio: { before: entries(before, FOLIO_REACH), after: entries(after, FOLIO_REACH) },
    onePerPmdOrPage: { before: entries(before, 1), after: entries(after, 1) },
  };
}

export function tallyEntries(tally: Tally, reachPages: number): TallyEntries {
  const { geometry, pmdMappedPages, residentPages } = tally;
  const after = {
    residentPages: tally.pagesAfter.reduce((sum, pages) => sum + pages, 0),
    pmdMappedPages: pmdMappedPages.after,
    wholeFolios: tally.wholeFoliosAfter,
  };
  const before = {
    residentPages,
    pmdMappedPages: pmdMappedPages.before,
    wholeFolios: tally.wholeFoliosBefore,
  };
  return {
    before: tlbEntries(before, reachPages, geometry),
    after: tlbEntries(after, reachPages, geometry),
    restart: restartTlbEntries(tally.restart.pagesByOrder, reachPages, geometry),
  };
}
