import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { policyAt, type SweptPolicy } from '../../src/analysis/sweep/sweep.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped, plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { dark } from '../state/theme.ts';
import { type Axis, frameOf, nearestPoint } from './chart-frame.ts';
import { drawChart, INKS, type Inks, type Place, placeIn } from './draw-chart.ts';
import { policyLine } from './policy-words.ts';
import { stepAlong } from './step-along.ts';
import type { Sweep } from './sweeper.ts';

/** How far from a point, in CSS pixels, the pointer may be. */
const REACH = 24;

interface Props {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
  readonly axis: Axis;
  readonly mostGrowth: number;
  readonly chosen: Place | undefined;
  readonly recorded: Place | undefined;
  readonly untouched: Place | undefined;
  readonly advised: Place | undefined;
  readonly onTake: (policy: SweptPolicy) => void;
}

/** A policy in the picture. */
interface Mark extends Place {
  readonly policy: SweptPolicy;
  readonly attempts: number;
  readonly laterAttempts: number;
  readonly policies: number;
}

/**
 * Coverage against growth for all policies. The arrow keys walk along the Pareto front, Enter or a click
 * takes a policy.
 */
export function TradeoffChart(props: Props) {
  const { sweep, geometry, axis, mostGrowth, chosen, recorded, untouched, advised, onTake } = props;
  const canvas = useRef<HTMLCanvasElement>(null);
  const { width, height } = useSize(canvas);
  const [pointed, setPointed] = useState<Mark | undefined>();
  const [step, setStep] = useState<number | undefined>();
  const front = sweep.front;
  const at = step === undefined ? undefined : front[Math.min(step, front.length - 1)];
  const stepped = useMemo<Mark | undefined>(
    () => at && { policy: at.policy, ...at.metrics, policies: 1 },
    [at],
  );
  const active = pointed ?? stepped;
  const frame = useMemo(
    () => frameOf(width, height, sweep.points, sweep.residentPages, axis, sweep.axes, sweep.tlbEntries),
    [width, height, sweep, axis],
  );
  useLayoutEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || width === 0) return;
    const { canvas: surface } = context;
    const ratio = devicePixelRatio;
    surface.width = Math.round(width * ratio);
    surface.height = Math.round(height * ratio);
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const picture = { frame, geometry, space: sweep.space, points: sweep.points, front, mostGrowth };
    drawChart(context, { ...picture, chosen, recorded, untouched, advised, active }, inksOf(surface));
  }, [
    frame,
    mostGrowth,
    ...placeValues(chosen),
    ...placeValues(recorded),
    ...placeValues(untouched),
    advised,
    active,
    dark.value,
  ]);
  const markAt = (event: MouseEvent): Mark | undefined => {
    const { points, space } = sweep;
    const i = nearestPoint(frame, points, event.offsetX, event.offsetY, REACH);
    if (i === undefined) return undefined;
    return {
      policy: policyAt(space, points.index[i]),
      growthPages: points.growthPages[i],
      hugePages: points.hugePages[i],
      tlbEntries: points.tlbEntries[i],
      restartGrowthPages: points.restartGrowthPages[i],
      attempts: points.attempts[i],
      laterAttempts: points.laterAttempts[i],
      policies: points.policies[i],
    };
  };
  const focused = step ?? 0;
  return (
    <div class="tradeoff-chart">
      <canvas
        ref={canvas}
        tabIndex={0}
        role="slider"
        aria-label="Policies of the Pareto front, by growth; Enter takes one"
        aria-valuemin={1}
        aria-valuemax={front.length}
        aria-valuenow={focused + 1}
        aria-valuetext={
          front[focused] && spoken(front[focused].policy, front[focused].metrics, sweep, geometry)
        }
        onPointerMove={(event) => setPointed(markAt(event))}
        onPointerLeave={() => setPointed(undefined)}
        onClick={(event) => {
          const mark = markAt(event);
          if (mark) onTake(mark.policy);
        }}
        onFocus={({ currentTarget }) => {
          if (currentTarget.matches(':focus-visible')) setStep(focused);
        }}
        onBlur={() => setStep(undefined)}
        onKeyDown={(event) => {
          if (event.key === 'Enter' && at) onTake(at.policy);
          const next = stepAlong(event.key, step, front.length);
          if (next === undefined) return;
          event.preventDefault();
          setPointed(undefined);
          setStep(next);
        }}
      />
      {active && width > 0 && (
        <Tip
          mark={active}
          sweep={sweep}
          geometry={geometry}
          at={placeIn(frame, active)}
          width={width}
          height={height}
        />
      )}
    </div>
  );
}

interface TipProps {
  readonly mark: Mark;
  readonly sweep: Sweep;
  readonly geometry: Geometry;
  readonly at: readonly [x: number, y: number];
  readonly width: number;
  readonly height: number;
}

/** What a place is, for comparing it with that of the last drawing. */
function placeValues(place: Place | undefined): (number | undefined)[] {
  return [place?.growthPages, place?.hugePages, place?.tlbEntries, place?.restartGrowthPages];
}

/** What a screen reader is told by the value of the slider. */
function Tip({ mark, sweep, geometry, at: [x, y], width, height }: TipProps) {
  const { policy, growthPages, hugePages, tlbEntries, restartGrowthPages } = mark;
  const { attempts, laterAttempts, policies } = mark;
  const side = x > width / 2 ? { right: `${width - x + 14}px` } : { left: `${x + 14}px` };
  const end = y > height / 2 ? { bottom: `${height - y + 14}px` } : { top: `${y + 14}px` };
  return (
    <div class="tradeoff-tip" aria-hidden="true" style={{ ...side, ...end }}>
      <strong>{policyLine(policy, geometry)}</strong>
      <span>
        {percent(hugePages, sweep.residentPages)} huge ({formatSize(hugePages, geometry)})
      </span>
      <span>
        RSS +{formatSize(growthPages, geometry)} (+{percent(growthPages, sweep.residentPages)})
      </span>
      <span>
        {grouped(Math.round(tlbEntries))} TLB entries
        {!Number.isNaN(restartGrowthPages) &&
          `; restart: at most +${formatSize(restartGrowthPages, geometry)}`}
      </span>
      <span>
        {plural(attempts, 'attempt')}, {grouped(laterAttempts)} in every later pass
      </span>
      {policies > 1 && <em>one of {grouped(policies)} policies here</em>}
    </div>
  );
}

function spoken(
  policy: SweptPolicy,
  metrics: Place & { readonly laterAttempts: number },
  { residentPages }: Sweep,
  geometry: Geometry,
): string {
  const growth = formatSize(metrics.growthPages, geometry);
  return `${policyLine(policy, geometry)}: ${percent(metrics.hugePages, residentPages)} huge, RSS +${growth}, ${plural(metrics.laterAttempts, 'attempt')} in every later pass`;
}

/** The size of a canvas as it is laid out. */
function useSize(canvas: { readonly current: HTMLCanvasElement | null }) {
  const [size, setSize] = useState({ width: 0, height: 0 });
  useEffect(() => {
    if (!canvas.current) return;
    const observer = new ResizeObserver(([{ contentRect }]) => {
      const { width, height } = contentRect;
      setSize({ width, height });
    });
    observer.observe(canvas.current);
    return () => observer.disconnect();
  }, []);
  return size;
}

/** The page's colours as they are now: only a property that is a colour resolves light-dark(). */
function inksOf(surface: HTMLCanvasElement): Inks {
  const resolved = INKS.map((name) => {
    surface.style.color = `var(--${name})`;
    return [name, getComputedStyle(surface).color];
  });
  surface.style.color = '';
  return Object.fromEntries(resolved) as Inks;
}
