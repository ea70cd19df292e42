import { pagesPerRange } from '../core/geometry.ts';
import type { Order } from '../core/order.ts';
import type { CollapsePolicy } from '../core/policy.ts';
import type { Kernel } from './kernel.ts';

/**
 * Says once per boot that max_ptes_none counts as 0, when a limit below the PMD order is computed from a value that is
 * neither 0 nor NR-1. Source: collapse_max_ptes_none, spec 4.2.
 */
export function warnOfNoneLimit(kernel: Kernel, policy: CollapsePolicy, order: Order): void {
  const { geometry } = kernel.machine;
  if (policy.caller !== 'khugepaged' || order === geometry.pmdOrder || policy.model.noneRule !== 'ends')
    return;
  const largest = pagesPerRange(geometry) - 1;
  if (policy.maxPtesNone === 0 || policy.maxPtesNone === largest) return;
  kernel.log.warnOnce(
    kernel.timeline.now,
    `khugepaged: mTHP collapse does not support max_ptes_none values other than 0 or ${largest}, defaulting to 0.`,
  );
}
