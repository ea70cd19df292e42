import { growthOf } from '../../src/analysis/ranges/tally.ts';
import { plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { formatOrder } from '../../src/core/memory/order.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { collapsesOf } from '../../src/core/plan/collapses.ts';
import { costOf } from '../../src/core/plan/cost.ts';
import { resultName } from '../../src/core/rules/kernel-model.ts';
import { INELIGIBLE_REASONS } from '../../src/core/rules/vma.ts';
import type { Visit } from '../../src/core/search/algorithm.ts';
import { visitOutcome, windowName } from '../../src/render/words/explain/explain-steps.ts';
import { RESULT_MEANINGS } from '../../src/render/words/explain/reasons.ts';
import type { SearchRun } from './searches/run.ts';

/** How a step came out, in few words. */
export function outcomeText({ policy }: Pick<SearchRun, 'policy'>, visit: Visit): string {
  return visitOutcome(visit, policy).text;
}

/** What an outcome means, where its name does not say it. */
export function outcomeMeaning(visit: Visit): string | undefined {
  return visit.result === undefined || visit.result === 'SCAN_SUCCEED'
    ? undefined
    : RESULT_MEANINGS[visit.result];
}

/**
 * `pages 20 of 128 needed`, or `pages 64, 1 needed` where there are enough; nothing for orders that are not
 * enabled.
 */
export function countText({ enabled, occupied, needed, qualifies }: Visit): string | undefined {
  if (!enabled) return undefined;
  return qualifies ? `pages ${occupied}, ${needed} needed` : `pages ${occupied} of ${needed} needed`;
}

/** Whether a search may do anything: a mistake, or the user's own. */
export function isOfSomebody({ kind }: SearchRun['search']): boolean {
  return kind === 'mistake' || kind === 'own';
}

/** Where the search goes after a step. */
export function nextText({ steps, search, fault, reportsVisits }: SearchRun, index: number): string {
  const { offset, order, next, stack } = steps[index];
  const last = index === steps.length - 1;
  if (last && fault) return fault;
  if (!next) return isOfSomebody(search) && !last ? 'goes on' : 'the search ends';
  if (!reportsVisits) return `next attempt ${windowName(next)}`;
  const descends = next.offset === offset && next.order === order - 1;
  if (!stack)
    return descends ? `goes on with its left half, ${windowName(next)}` : `steps on to ${windowName(next)}`;
  if (!descends) return `pops ${windowName(next)} next`;
  return `pushes its halves, ${offset + (1 << next.order)}:${next.order} and ${windowName(next)}; pops ${windowName(next)} next`;
}

/** A step in one sentence, for a list and for ears. */
export function stepSentence(run: SearchRun, index: number, range: RangeState): string {
  const visit = run.steps[index];
  const count = countText(visit);
  const pages = count === undefined ? '' : `, ${count}`;
  return `${windowName(visit)}, ${formatOrder(visit.order, range.geometry)}${pages}: ${outcomeText(run, visit)}`;
}

/** What a search returned, or what it did that no search may do. */
export function endText({ plan, fault, policy }: SearchRun): string {
  return fault ?? (plan ? resultName(plan.result, policy.model) : '');
}

/** What a run does to the range, without how it was found. */
export function gainText({ plan, fault, policy }: SearchRun, range: RangeState): string {
  if (!plan) return fault ?? '';
  if (policy.orders === 0) return 'nothing collapses';
  if (plan.scan.result !== 'SCAN_SUCCEED') return `nothing collapses: ${RESULT_MEANINGS[plan.scan.result]}`;
  const collapses = collapsesOf(plan).length;
  const cost = costOf(range, plan);
  const growth = growthOf(cost);
  return collapses === 0
    ? 'nothing collapses'
    : `${plural(collapses, 'collapse')}, ${plural(cost.coveredPages, 'page')} covered, RSS ${growth === 0 ? 'unchanged' : `+${formatSize(growth, range.geometry)}`}`;
}

/** What a whole run came to. */
export function resultText(run: SearchRun, range: RangeState): string {
  const { plan, policy, fault, steps, attempts, reportsVisits } = run;
  const work = reportsVisits
    ? `${plural(steps.length, 'step')}, ${plural(attempts.length, 'attempt')}`
    : plural(attempts.length, 'attempt');
  if (!plan) return `${fault}; ${work}`;
  if (policy.orders === 0) return `not scanned: ${INELIGIBLE_REASONS['kernel-sizes']}`;
  if (plan.scan.result !== 'SCAN_SUCCEED') {
    const where = plan.scan.failedAt === undefined ? '' : ` at PTE ${plan.scan.failedAt}`;
    return `the scan ends${where}: ${resultName(plan.scan.result, policy.model)}, ${RESULT_MEANINGS[plan.scan.result]}`;
  }
  return `${resultName(plan.result, policy.model)}: ${gainText(run, range)}; ${work}`;
}
