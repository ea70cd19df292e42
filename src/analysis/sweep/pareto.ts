import { ordersOf } from '../../core/memory/order.ts';
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

/** What a front weighs besides attempts: a cost, of which less is better, and a gain. */
export interface FrontAxes {
  readonly cost: 'growthPages' | 'restartGrowthPages';
  /** Of huge pages more is better, of TLB entries fewer. */
  readonly gain: 'hugePages' | 'tlbEntries';
}

/** What khugepaged does to memory. */
export const COLLAPSE_AXES: FrontAxes = { cost: 'growthPages', gain: 'hugePages' };

export function resultAt(space: SweepSpace, values: Float64Array, index: number): SweptResult {
  return { index, policy: policyAt(space, index), metrics: metricsAt(values, index) };
}

/**
 * The policies that no other beats: more memory in huge pages, less growth and fewer attempts in every later
 * pass, or what `axes` names in place of the first two. Of policies that are alike in these three it keeps
 * the first by `preferred`. By rising cost, then by falling gain. Policies whose cost is not known are not
 * among them.
 */
export function paretoFront(
  space: SweepSpace,
  values: Float64Array,
  axes: FrontAxes = COLLAPSE_AXES,
): SweptResult[] {
  const gainOf = (metrics: SweepMetrics) => signedGain(metrics[axes.gain], axes);
  const best = new Map<string, SweptResult>();
  const limits = space.maxPtesNone.length;
  const policies = policyCount(space);
  for (let index = 0; index < policies; index++) {
    const cost = metricAt(values, index, axes.cost);
    if (Number.isNaN(cost)) continue;
    const key = `${metricAt(values, index, axes.gain)} ${cost} ${metricAt(values, index, 'laterAttempts')}`;
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
      a[axes.cost] - b[axes.cost] || gainOf(b) - gainOf(a) || a.laterAttempts - b.laterAttempts,
  );
  const front: SweptResult[] = [];
  for (const each of sorted) {
    // What has little growth and many huge pages beats most, and stands near the end of the front so far.
    if (!front.findLast(({ metrics }) => beats(metrics, each.metrics, axes))) front.push(each);
  }
  return front;
}

/** A gain as a number of which more is better. */
export function signedGain(value: number, { gain }: FrontAxes): number {
  return gain === 'tlbEntries' ? -value : value;
}

function beats(a: SweepMetrics, b: SweepMetrics, axes: FrontAxes): boolean {
  return (
    signedGain(a[axes.gain], axes) >= signedGain(b[axes.gain], axes) &&
    a[axes.cost] <= b[axes.cost] &&
    a.laterAttempts <= b.laterAttempts
  );
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
