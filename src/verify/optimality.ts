import type { Window } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import type { ScannedRange } from '../core/search/algorithm.ts';
import { attemptEach } from '../core/search/algorithm.ts';
import { collapsed } from './agreement.ts';
import { type AlgorithmRun, windowOf } from './algorithm-run.ts';
import { bestCover, type Objective, worthOf } from './best-cover.ts';
import { policyOf, type Shape } from './cases/search-case.ts';
import type { Check } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';

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

/**
 * Whether an algorithm finds the best cover of every range, if attempts succeed. `gap` adds up how far it is
 * from it.
 */
export function optimality(algorithm: CheckedAlgorithm, objective: Objective, gap: Gap): Check {
  const add = (to: Gap, run: AlgorithmRun, shape: Shape) => {
    // Swapped PTEs have no place: searches know their number only.
    if (shape.range.unmapped > 0) return;
    const policy = policyOf(shape, algorithm.model);
    addToGap(to, shape.range, collapsed(run).map(windowOf), policy, objective);
  };
  return {
    algorithms: [algorithm],
    observed: false,
    judge: ([run], shape) => {
      const own = emptyGap();
      add(own, run, shape);
      return own.behind > 0 ? [{ kind: 'not-best' }] : [];
    },
    count: ([run], shape) => add(gap, run, shape),
  };
}

/** Adds one range as an algorithm would collapse it, were every attempt to succeed. */
export function addRangeToGap(
  gap: Gap,
  algorithm: CheckedAlgorithm,
  range: ScannedRange,
  policy: CollapsePolicy,
  objective: Objective,
): void {
  const windows: Window[] = [];
  const own = { ...policy, model: algorithm.model };
  algorithm.algorithm.collapse(
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
