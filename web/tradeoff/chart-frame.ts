import type { SweptResult } from '../../src/analysis/pareto.ts';
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

/** Where a picture of growth and coverage has its plot; both axes are in percent of the memory in use. */
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
}

export function frameOf(
  width: number,
  height: number,
  points: SweepPoints,
  residentPages: number,
  axis: Axis,
): ChartFrame {
  const percent = (pages: Float64Array) =>
    (100 * pages.reduce((most, each) => Math.max(most, each), 0)) / Math.max(1, residentPages);
  const mostGrowth = percent(points.growthPages);
  const mostHuge = percent(points.hugePages);
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
  };
}

export function xOf({ left, right, growth, residentPages }: ChartFrame, growthPages: number): number {
  return left + (right - left) * growth.at((100 * growthPages) / Math.max(1, residentPages));
}

export function yOf({ top, bottom, coverage, residentPages }: ChartFrame, hugePages: number): number {
  return bottom - (bottom - top) * coverage.at((100 * hugePages) / Math.max(1, residentPages));
}

/** The point that is nearest to a place, within `reach`; all in CSS pixels. */
export function nearestPoint(
  frame: ChartFrame,
  { growthPages, hugePages }: Pick<SweepPoints, 'growthPages' | 'hugePages'>,
  x: number,
  y: number,
  reach: number,
): number | undefined {
  let nearest: number | undefined;
  let least = reach ** 2;
  for (let i = 0; i < growthPages.length; i++) {
    const distance = (xOf(frame, growthPages[i]) - x) ** 2 + (yOf(frame, hugePages[i]) - y) ** 2;
    if (distance > least) continue;
    least = distance;
    nearest = i;
  }
  return nearest;
}

/**
 * Of a Pareto front by rising growth, those that have more in huge pages than all with less growth: the
 * others are on the front for their fewer attempts.
 */
export function envelopeOf(front: readonly SweptResult[]): SweptResult[] {
  let most = -1;
  return front.filter(({ metrics }) => {
    if (metrics.hugePages <= most) return false;
    most = metrics.hugePages;
    return true;
  });
}
