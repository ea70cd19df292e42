import type { Window } from '../core/memory/order.ts';
import type { ScanResult } from '../core/rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, visitOf } from '../core/search/algorithm.ts';

/**
 * The same algorithm, but one that reports no visits reports the windows that it attempts, so that its steps
 * can be shown.
 */
export function reportingAttempts(algorithm: CollapseAlgorithm): CollapseAlgorithm {
  return {
    ...algorithm,
    collapse(range, policy, attempt, observe) {
      if (!observe) return algorithm.collapse(range, policy, attempt);
      const attempted: { window: Window; result: ScanResult }[] = [];
      let reports = false;
      const result = algorithm.collapse(
        range,
        policy,
        (batch) => {
          const results = attempt(batch);
          batch.forEach((window, i) => attempted.push({ window, result: results[i] }));
          return results;
        },
        (visit) => {
          reports = true;
          observe(visit);
        },
      );
      if (reports) return result;
      attempted.forEach(({ window: { offset, order }, result: end }, i) => {
        observe(visitOf(judgeWindow(range, policy, offset, order), end, attempted[i + 1]?.window));
      });
      return result;
    },
  };
}
