import type { Geometry } from '../core/memory/geometry.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import type { Window } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import {
  type Attempt,
  type CollapseAlgorithm,
  judgeWindow,
  type Observe,
  type ScannedRange,
  type Visit,
} from '../core/search/algorithm.ts';
import { batchFault, type Fault, FaultError, faultOf, resultOf, windowFault } from './algorithm-fault.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';

/** As `AlgorithmRun`: every window twice, and room for what is a difference but no endless loop. */
const MOST_ATTEMPTS_A_PAGE = 4;

/**
 * The same algorithm for use outside of checks, where nobody examines a run: whatever it does that no search
 * may do throws a FaultError that names it, even if the search catches it meanwhile. What a visit leaves out
 * of its window is filled in.
 */
export function guarded({ name, algorithm, model }: CheckedAlgorithm): CheckedAlgorithm {
  const guard: CollapseAlgorithm = {
    name,
    collapse: (range, policy, attempt, observe) => {
      const { geometry } = range;
      let fault: Fault | undefined;
      const check = (found: Fault | undefined) => {
        fault ??= found;
        if (fault) throw new FaultError(fault.message, fault);
      };
      let attempts = 0;
      const most = MOST_ATTEMPTS_A_PAGE * pagesPerRange(geometry);
      const guardedAttempt: Attempt = (batch) => {
        check(batchFault(batch));
        for (const { offset, order } of batch) check(windowFault(offset, order, geometry, policy.orders));
        attempts += batch.length;
        if (attempts > most)
          check({ kind: 'endless', message: `makes more than ${most} attempts in one range` });
        return attempt(batch);
      };
      const guardedObserve: Observe | undefined =
        observe &&
        ((visit) => {
          check(visitFault(visit, geometry, policy));
          observe(filled(visit, range, policy));
        });
      let returned: unknown;
      try {
        returned = algorithm.collapse(range, policy, guardedAttempt, guardedObserve);
      } catch (error) {
        fault ??= faultOf(error);
      }
      const result = resultOf(returned);
      if (!fault && typeof result === 'string') return result;
      const found = fault ?? (result as Fault);
      throw new FaultError(`${name} ${found.message}`, found);
    },
  };
  return { name, algorithm: guard, model };
}

/** What is wrong with a visit as a step to be shown; a search may visit what it may not attempt. */
function visitFault(visit: unknown, geometry: Geometry, policy: CollapsePolicy): Fault | undefined {
  const { offset, order, next, stack } = (visit ?? {}) as Partial<Visit>;
  for (const window of [{ offset, order }, ...(next ? [next] : []), ...(stack ?? [])] as Window[]) {
    const { kind } = windowFault(window.offset, window.order, geometry, policy.orders) ?? {};
    if (kind !== 'no-window' && kind !== 'outside') continue;
    const place = `${window.offset}:${window.order}`;
    return {
      kind,
      message: `reports ${place} to observe, which is no window of PMD order ${geometry.pmdOrder}`,
    };
  }
  return undefined;
}

function filled(visit: Visit, range: ScannedRange, policy: CollapsePolicy): Visit {
  return { ...judgeWindow(range, policy, visit.offset, visit.order), ...visit };
}
