import {
  COLLAPSE_AXES,
  type FrontAxes,
  type SweptResult,
  signedGain,
} from '../../src/analysis/sweep/pareto.ts';
import { linearScale, logScale, type Scale } from './scale.ts';
import type { SweepPoints } from './sweep-points.ts';

export type Axis = 'log' | 'linear';

/** Growth in percent of the memory in use below which a logarithmic axis is even. */
const SMALL_PERCENT = 0.1;
/** An axis of coverage that nearly reaches 100% does. */
const NEARLY_ALL = 75;
/** Room for labels, and between the axes and what has a value of 0; in CSS pixels. */
const LEFT = 56;
const BOTTOM = 40;
const EDGE = 12;
const TOP = 18;

/**
 * Where a picture of a cost and a gain has its plot. Pages are in percent of the memory in use, TLB entries
 * of those that it takes now; fewer of them stand higher.
 */
export interface ChartFrame {
  readonly width: number;
  readonly height: number;
  /** The plot without its margins: where values from 0 to the most stand. */
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly growth: Scale;
  readonly coverage: Scale;
  readonly residentPages: number;
  readonly axes: FrontAxes;
  /** What is 100% of the gain. */
  readonly allGain: number;
}

export function frameOf(
  width: number,
  height: number,
  points: SweepPoints,
  residentPages: number,
  axis: Axis,
  axes: FrontAxes = COLLAPSE_AXES,
  tlbEntries = 0,
): ChartFrame {
  const percent = (values: Float64Array, all: number) =>
    (100 * values.reduce((most, each) => (each > most ? each : most), 0)) / Math.max(1, all);
  const allGain = axes.gain === 'tlbEntries' ? tlbEntries : residentPages;
  const mostGrowth = percent(points[axes.cost], residentPages);
  const mostHuge = percent(points[axes.gain], allGain);
  return {
    width,
    height,
    left: LEFT + EDGE,
    right: width - EDGE,
    top: TOP,
    bottom: height - BOTTOM - EDGE,
    growth: axis === 'log' ? logScale(mostGrowth, SMALL_PERCENT) : linearScale(mostGrowth),
    coverage: linearScale(mostHuge === 0 || mostHuge > NEARLY_ALL ? 100 : mostHuge),
    residentPages,
    axes,
    allGain,
  };
}

export function xOf({ left, right, growth, residentPages }: ChartFrame, growthPages: number): number {
  return left + (right - left) * growth.at((100 * growthPages) / Math.max(1, residentPages));
}

export function yOf(frame: ChartFrame, gain: number): number {
  return yOfPercent(frame, (100 * gain) / Math.max(1, frame.allGain));
}

export function yOfPercent({ top, bottom, coverage, axes }: ChartFrame, percent: number): number {
  const up = coverage.at(percent);
  return bottom - (bottom - top) * (axes.gain === 'tlbEntries' ? 1 - up : up);
}

/** The point that is nearest to a place, within `reach`; all in CSS pixels. */
export function nearestPoint(
  frame: ChartFrame,
  points: Pick<SweepPoints, FrontAxes['cost'] | FrontAxes['gain']>,
  x: number,
  y: number,
  reach: number,
): number | undefined {
  let nearest: number | undefined;
  let least = reach ** 2;
  const [costs, gains] = [points[frame.axes.cost], points[frame.axes.gain]];
  for (let i = 0; i < costs.length; i++) {
    const distance = (xOf(frame, costs[i]) - x) ** 2 + (yOf(frame, gains[i]) - y) ** 2;
    if (!(distance <= least)) continue;
    least = distance;
    nearest = i;
  }
  return nearest;
}

/**
 * Of a Pareto front by rising growth, those that have more in huge pages than all with less growth: the
 * others are on the front for their fewer attempts.
 */
export function envelopeOf(front: readonly SweptResult[], axes: FrontAxes = COLLAPSE_AXES): SweptResult[] {
  let most = -Infinity;
  return front.filter(({ metrics }) => {
    const gain = signedGain(metrics[axes.gain], axes);
    if (gain <= most) return false;
    most = gain;
    return true;
  });
}
