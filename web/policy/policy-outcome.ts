import { growthOf, type Tally } from '../../src/analysis/tally.ts';
import { sum } from '../../src/core/base/sum.ts';
import type { Judgement, Totals } from '../memory/memory-worker-protocol.ts';

/** What a policy comes to for all memory that was read. Pages are base pages. */
export interface PolicyOutcome {
  readonly residentPages: number;
  /** Pages in use that lie in large folios, before and after. */
  readonly hugeNow: number;
  readonly hugeThen: number;
  /** Pages by which resident memory grows. */
  readonly growthPages: number;
  readonly copiedPages: number;
  readonly attempts: number;
  /** Attempts in every later pass; undefined where no digest says it. */
  readonly laterAttempts: number | undefined;
}

/** From the digest, which answers at once, or else from the ranges; undefined before there is either. */
export function policyOutcomeOf(
  totals: Totals | undefined,
  judgement: Pick<Judgement, 'total'> | undefined,
): PolicyOutcome | undefined {
  if (totals) {
    const { counts, residentPages, hugePages } = totals;
    return {
      residentPages,
      hugeNow: hugePages,
      hugeThen: hugePages + counts.newlyHugePages,
      growthPages: growthOf(counts),
      copiedPages: counts.copiedPages,
      attempts: sum(counts.attempts),
      laterAttempts: sum(counts.laterAttempts),
    };
  }
  if (!judgement) return undefined;
  const { total } = judgement;
  return {
    residentPages: total.residentPages,
    ...inUseOf(total),
    growthPages: growthOf(total),
    copiedPages: total.copiedPages,
    attempts: total.attempts,
    laterAttempts: undefined,
  };
}

/** Pages in use that lie in large folios, before and after: pages that a collapse fills were not in use. */
export function inUseOf({
  pagesBefore,
  pagesAfter,
  swappedInPages,
}: Pick<Tally, 'pagesBefore' | 'pagesAfter' | 'swappedInPages'>): Pick<
  PolicyOutcome,
  'hugeNow' | 'hugeThen'
> {
  const hugeNow = sum(pagesBefore.slice(1));
  // What was small or in swap and is small no more.
  return { hugeNow, hugeThen: hugeNow + pagesBefore[0] + swappedInPages - pagesAfter[0] };
}
