import { plural } from '../../../core/base/plural.ts';
import { countWindow } from '../../../core/memory/occupancy.ts';
import type { Window } from '../../../core/memory/order.ts';
import type { CollapsePlan } from '../../../core/plan/plan.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import type { CollapsePolicy } from '../../../core/rules/policy.ts';
import type { Visit } from '../../../core/search/algorithm.ts';

/** A window as OFFSET:ORDER. */
export function windowName({ offset, order }: Window): string {
  return `${offset}:${order}`;
}

/** The window of a visit, with a star where its attempt was the retry that may reclaim memory. */
export function visitName(visit: Visit): string {
  return `${windowName(visit)}${visit.reclaim ? '*' : ''}`;
}

/** A visit, or an empty window with the visits to the windows inside it; first and last count from 0. */
export interface Step {
  readonly visit: Visit;
  readonly first: number;
  last: number;
}

/**
 * The visits of a search as steps. Unless every one is asked for, an empty window stands for the windows
 * inside it.
 */
export function stepsOf(visits: readonly Visit[], plan: CollapsePlan, everyStep: boolean): Step[] {
  if (everyStep) return visits.map((visit, index) => ({ visit, first: index, last: index }));
  return foldEmpty(visits, plan);
}

/** `3`, or `8-9` for a step of several visits; counted from 1. */
export function stepNumber({ first, last }: Step): string {
  return first === last ? `${first + 1}` : `${first + 1}-${last + 1}`;
}

/** How a step came out in words, and how much that matters. */
export interface StepOutcome {
  readonly text: string;
  readonly tone: 'quiet' | 'plain' | 'good' | 'bad';
}

export function stepOutcome({ visit, first, last }: Step, policy: CollapsePolicy): StepOutcome {
  if (last > first) {
    const inside = plural(last - first, 'window');
    return { text: `no page present, nor in the ${inside} inside it`, tone: 'quiet' };
  }
  return visitOutcome(visit, policy);
}

export function visitOutcome({ enabled, occupied, result }: Visit, policy: CollapsePolicy): StepOutcome {
  if (!enabled) return { text: 'not enabled', tone: 'quiet' };
  if (result === undefined) {
    return occupied === 0
      ? { text: 'no page present', tone: 'quiet' }
      : { text: 'too few pages', tone: 'plain' };
  }
  if (result === 'SCAN_SUCCEED') return { text: 'collapses', tone: 'good' };
  return { text: resultName(result, policy.model), tone: 'bad' };
}

function foldEmpty(visits: readonly Visit[], { scan }: CollapsePlan): Step[] {
  const steps: Step[] = [];
  let emptyFrom = 0;
  let emptyUntil = 0;
  visits.forEach((visit, index) => {
    const end = visit.offset + (1 << visit.order);
    const untried = visit.result === undefined;
    const current = steps.at(-1);
    if (current && untried && emptyFrom <= visit.offset && end <= emptyUntil) {
      current.last = index;
      return;
    }
    if (untried && countWindow(scan.occupied, visit.offset, visit.order) === 0) {
      emptyFrom = visit.offset;
      emptyUntil = end;
    } else {
      // A batched search may come back to the window in a later round.
      emptyUntil = emptyFrom;
    }
    steps.push({ visit, first: index, last: index });
  });
  return steps;
}
