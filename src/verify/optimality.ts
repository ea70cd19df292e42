import type { ScannedRange } from '../core/search/algorithm.ts';
import { attemptEach } from '../core/search/algorithm.ts';
import type { Window } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import { bestCover, type Objective, worthOf } from './best-cover.ts';
import type { Contender } from './contender.ts';
import { NOT_BEST, type Question } from './examination.ts';
import { policyOf, type Shape } from './lab-case.ts';
import { collapsed } from './relation.ts';
import { type Trial, windowOf } from './trial.ts';

/** How far a search stays behind the best covers, added up over ranges. */
export interface Gap {
  ranges: number;
  /** Ranges for which there is a better cover. */
  behind: number;
  /** What its covers are worth, and what the best ones are. */
  worth: number;
  best: number;
}

export function emptyGap(): Gap {
  return { ranges: 0, behind: 0, worth: 0, best: 0 };
}

/** Whether a contender finds the best cover of every range, if attempts succeed. `gap` adds up how far it is from it. */
export function optimality(contender: Contender, objective: Objective, gap: Gap): Question {
  const add = (to: Gap, trial: Trial, shape: Shape) => {
    // Swapped PTEs have no place: searches know their number only.
    if (shape.range.unmapped > 0) return;
    const policy = policyOf(shape, contender.model);
    addToGap(to, shape.range, collapsed(trial).map(windowOf), policy, objective);
  };
  return {
    contenders: [contender],
    observed: false,
    judge: ([trial], shape) => {
      const own = emptyGap();
      add(own, trial, shape);
      return own.behind > 0 ? [NOT_BEST] : [];
    },
    count: ([trial], shape) => add(gap, trial, shape),
  };
}

/** Adds one range as a contender would collapse it, were every attempt to succeed. */
export function addRange(
  gap: Gap,
  contender: Contender,
  range: ScannedRange,
  policy: CollapsePolicy,
  objective: Objective,
): void {
  const windows: Window[] = [];
  const own = { ...policy, model: contender.model };
  contender.algorithm.collapse(
    range,
    own,
    attemptEach((offset, order) => {
      windows.push({ offset, order });
      return 'SCAN_SUCCEED';
    }),
  );
  addToGap(gap, range, windows, own, objective);
}

/** Prices are fractions, so worths are compared up to a billionth. */
function addToGap(
  gap: Gap,
  range: ScannedRange,
  windows: readonly Window[],
  policy: CollapsePolicy,
  objective: Objective,
): void {
  const worth = worthOf(range, windows, objective);
  const best = bestCover(range, policy, objective).worth;
  gap.ranges++;
  gap.worth += worth;
  gap.best += best;
  if (best - worth > 1e-9) gap.behind++;
}
