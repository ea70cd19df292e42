import { sum } from '../../core/base/sum.ts';
import type { PagesByOrder } from '../guest/process-memory.ts';
import type { AdviceCase } from './advice-suite.ts';

/** By how much a server's memory differs from that of its last start. */
const OWN_SHARE = 0.01;

/** Pages in all. */
export function pagesIn(pages: PagesByOrder): number {
  return sum(Object.values(pages));
}

/** What came out beyond what was said. */
export type AdviceBreach = 'more than said' | 'over budget';

/**
 * Holds a server that followed an advice against it: its memory when khugepaged was done against the bound
 * for restarts, and its growth against the budget. Each start lays the address space out anew, so that other
 * windows hold touched pages: a folio of the largest size more is none of the advice's.
 */
export function breachesOf({ recorded, said, settled, budgetPages }: AdviceCase): AdviceBreach[] {
  const largest = Math.max(...Object.keys(settled).map(Number));
  const room = pagesIn(recorded) * OWN_SHARE + 2 ** largest;
  const isOver = budgetPages !== undefined && pagesIn(settled) - pagesIn(recorded) > budgetPages + room;
  return [
    ...(pagesIn(settled) > pagesIn(said) + room ? ['more than said' as const] : []),
    ...(isOver ? ['over budget' as const] : []),
  ];
}
