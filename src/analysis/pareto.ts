import { ordersOf } from '../core/memory/order.ts';
import {
  metricAt,
  metricsAt,
  policyAt,
  policyCount,
  type SweepMetrics,
  type SweepSpace,
  type SweptPolicy,
} from './sweep.ts';

/** A policy of a sweep with what it does. */
export interface SweptResult {
  readonly index: number;
  readonly policy: SweptPolicy;
  readonly metrics: SweepMetrics;
}

export function resultAt(space: SweepSpace, values: Float64Array, index: number): SweptResult {
  return { index, policy: policyAt(space, index), metrics: metricsAt(values, index) };
}

/**
 * The policies that no other beats: more memory in huge pages, less growth and fewer attempts in every later
 * pass. Of policies that are alike in these three it keeps the first by `preferred`. By rising growth, then
 * by falling coverage.
 */
export function paretoFront(space: SweepSpace, values: Float64Array): SweptResult[] {
  const best = new Map<string, SweptResult>();
  const limits = space.maxPtesNone.length;
  const policies = policyCount(space);
  for (let index = 0; index < policies; index++) {
    const key = `${metricAt(values, index, 'hugePages')} ${metricAt(values, index, 'growthPages')} ${metricAt(values, index, 'laterAttempts')}`;
    const other = best.get(key);
    // What is not preferred for one of these need not be looked at closely: it is nearly all.
    const fewer = (other?.metrics.attempts ?? Infinity) - metricAt(values, index, 'attempts');
    if (other && (fewer || (other.index % limits) - (index % limits)) < 0) continue;
    const result = resultAt(space, values, index);
    if (!other || preferred(result, other) < 0) best.set(key, result);
  }
  // In this order nobody is beaten by one that comes later, and beating is transitive.
  const sorted = [...best.values()].sort(
    ({ metrics: a }, { metrics: b }) =>
      a.growthPages - b.growthPages || b.hugePages - a.hugePages || a.laterAttempts - b.laterAttempts,
  );
  const front: SweptResult[] = [];
  for (const each of sorted) {
    // What has little growth and many huge pages beats most, and stands near the end of the front so far.
    if (!front.findLast(({ metrics }) => beats(metrics, each.metrics))) front.push(each);
  }
  return front;
}

function beats(a: SweepMetrics, b: SweepMetrics): boolean {
  return a.hugePages >= b.hugePages && a.growthPages <= b.growthPages && a.laterAttempts <= b.laterAttempts;
}

/**
 * Below 0 if the first is to be preferred of two that do the same: less to do at once, a lower limit, fewer
 * sizes.
 */
export function preferred(a: SweptResult, b: SweptResult): number {
  return (
    a.metrics.attempts - b.metrics.attempts ||
    a.policy.maxPtesNone - b.policy.maxPtesNone ||
    ordersOf(a.policy.orders).length - ordersOf(b.policy.orders).length ||
    a.index - b.index
  );
}
