import { ordersOf } from '../core/order.ts';
import { metricsAt, policyAt, type SweepMetrics, type SweepSpace, type SweptPolicy } from './sweep.ts';

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
 * The policies that no other beats: more memory in huge pages, less growth and fewer attempts in every later pass. Of
 * policies that are alike in these three it keeps the first by `preferred`. By rising growth, then by falling coverage.
 */
export function paretoFront(space: SweepSpace, values: Float64Array): SweptResult[] {
  const best = new Map<string, SweptResult>();
  const count = values.length / Object.keys(metricsAt(values, 0)).length;
  for (let index = 0; index < count; index++) {
    const result = resultAt(space, values, index);
    const { hugePages, growthPages, laterAttempts } = result.metrics;
    const key = `${hugePages} ${growthPages} ${laterAttempts}`;
    const other = best.get(key);
    if (!other || preferred(result, other) < 0) best.set(key, result);
  }
  // In this order nobody is beaten by one that comes later, and beating is transitive.
  const sorted = [...best.values()].sort(
    ({ metrics: a }, { metrics: b }) =>
      a.growthPages - b.growthPages || b.hugePages - a.hugePages || a.laterAttempts - b.laterAttempts,
  );
  const front: SweptResult[] = [];
  for (const each of sorted) if (!front.some(({ metrics }) => beats(metrics, each.metrics))) front.push(each);
  return front;
}

function beats(a: SweepMetrics, b: SweepMetrics): boolean {
  return a.hugePages >= b.hugePages && a.growthPages <= b.growthPages && a.laterAttempts <= b.laterAttempts;
}

/** Below 0 if the first is to be preferred of two that do the same: less to do at once, a lower limit, fewer sizes. */
export function preferred(a: SweptResult, b: SweptResult): number {
  return (
    a.metrics.attempts - b.metrics.attempts ||
    a.policy.maxPtesNone - b.policy.maxPtesNone ||
    ordersOf(a.policy.orders).length - ordersOf(b.policy.orders).length ||
    a.index - b.index
  );
}
