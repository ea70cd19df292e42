import { COLLAPSE_AXES, type FrontAxes, preferred, resultAt } from '../../src/analysis/sweep/pareto.ts';
import { metricAt, policyCount, type SweepSpace } from '../../src/analysis/sweep/sweep.ts';

/**
 * The places that the policies of a sweep have in a picture of a cost and a gain, each once, in columns. A
 * place stands for its policy with the fewest attempts in later passes, then by `preferred`. Pages are base
 * pages.
 */
export interface SweepPoints {
  readonly growthPages: Float64Array;
  readonly hugePages: Float64Array;
  readonly tlbEntries: Float64Array;
  /** NaN where a digest does not know. */
  readonly restartGrowthPages: Float64Array;
  readonly attempts: Float64Array;
  readonly laterAttempts: Float64Array;
  /** Where the policy stands in the sweep: see `policyAt`. */
  readonly index: Uint32Array;
  /** Policies at this place. */
  readonly policies: Uint32Array;
}

interface Place {
  best: number;
  policies: number;
}

export function pointsOf(
  space: SweepSpace,
  values: Float64Array,
  axes: FrontAxes = COLLAPSE_AXES,
): SweepPoints {
  const places = new Map<number, Map<number, Place>>();
  const policies = policyCount(space);
  for (let index = 0; index < policies; index++) {
    const cost = metricAt(values, index, axes.cost);
    const gain = metricAt(values, index, axes.gain);
    let column = places.get(cost);
    if (!column) places.set(cost, (column = new Map()));
    const place = column.get(gain);
    if (!place) column.set(gain, { best: index, policies: 1 });
    else {
      place.policies++;
      if (isBetter(space, values, index, place.best)) place.best = index;
    }
  }
  const all = [...places.values()].flatMap((column) => [...column.values()]);
  const column = (metric: Parameters<typeof metricAt>[2]) =>
    Float64Array.from(all, ({ best }) => metricAt(values, best, metric));
  return {
    growthPages: column('growthPages'),
    hugePages: column('hugePages'),
    tlbEntries: column('tlbEntries'),
    restartGrowthPages: column('restartGrowthPages'),
    attempts: column('attempts'),
    laterAttempts: column('laterAttempts'),
    index: Uint32Array.from(all, ({ best }) => best),
    policies: Uint32Array.from(all, ({ policies }) => policies),
  };
}

/** Whether the first of two policies at a place stands for it. Few are alike in attempts and limit. */
function isBetter(space: SweepSpace, values: Float64Array, index: number, other: number): boolean {
  const limits = space.maxPtesNone.length;
  const difference = (metric: 'laterAttempts' | 'attempts') =>
    metricAt(values, index, metric) - metricAt(values, other, metric);
  const quick = difference('laterAttempts') || difference('attempts') || (index % limits) - (other % limits);
  return (quick || preferred(resultAt(space, values, index), resultAt(space, values, other))) < 0;
}
