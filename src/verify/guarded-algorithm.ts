import type { Geometry } from '../core/memory/geometry.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import { emptyOccupancy } from '../core/memory/occupancy.ts';
import type { Window } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import type { ScanReport } from '../core/rules/scan.ts';
import { isScanResult } from '../core/rules/scan-result.ts';
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
  const { scan } = algorithm;
  const guard: CollapseAlgorithm = {
    name,
    ...(scan && { scan: (range, policy) => guardedScan(name, scan(range, policy), range.geometry) }),
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

/** The report of a scan of somebody's own; throws a FaultError if it is none. */
function guardedScan(name: string, returned: unknown, geometry: Geometry): ScanReport {
  const report = (returned ?? {}) as Partial<ScanReport>;
  const { occupied, pmdRefusal } = report;
  const counts = [report.looked, report.noneOrZero, report.unmapped, report.shared, report.referenced];
  const isReport =
    isResult(report.result) &&
    (pmdRefusal === undefined || isResult(pmdRefusal)) &&
    occupied instanceof Uint32Array &&
    occupied.length === emptyOccupancy(geometry).length &&
    counts.every((count) => Number.isInteger(count) && Number(count) >= 0);
  if (isReport) return report as ScanReport;
  const message = 'has a scan that returns no report; change the one that scanRange of the kit makes';
  throw new FaultError(`${name} ${message}`, { kind: 'no-result', message });
}

function isResult(value: unknown): boolean {
  return typeof value === 'string' && isScanResult(value);
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
