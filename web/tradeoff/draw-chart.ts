import type { FrontAxes, SweptResult } from '../../src/analysis/sweep/pareto.ts';
import { policyAt, type SweepSpace } from '../../src/analysis/sweep/sweep.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { ordersOf } from '../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import { type ChartFrame, envelopeOf, xOf, yOf, yOfPercent } from './chart-frame.ts';
import type { SweepPoints } from './sweep-points.ts';

/** A place in the picture, whatever its axes are. */
export type Place = Readonly<Record<FrontAxes['cost'] | FrontAxes['gain'], number>>;

interface Picture {
  readonly frame: ChartFrame;
  readonly geometry: Geometry;
  readonly space: SweepSpace;
  readonly points: SweepPoints;
  readonly front: readonly SweptResult[];
  /** Growth beyond this is shaded. */
  readonly mostGrowth: number;
  readonly chosen: Place | undefined;
  readonly recorded: Place | undefined;
  readonly untouched: Place | undefined;
  readonly advised: Place | undefined;
  /** Under the pointer or the keyboard. */
  readonly active: Place | undefined;
}

export const INKS = ['page', 'raised', 'line', 'text', 'quiet', 'accent'] as const;
export type Inks = Record<(typeof INKS)[number], string>;

const TAU = 2 * Math.PI;

/** Draws coverage against growth. The context's unit is a CSS pixel. */
export function drawChart(context: CanvasRenderingContext2D, picture: Picture, inks: Inks): void {
  const { frame, front, chosen, recorded, untouched, advised, active } = picture;
  context.clearRect(0, 0, frame.width, frame.height);
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  drawAxes(context, picture, inks);
  drawBudget(context, picture, inks);
  drawPoints(context, picture, new Set(front.map(({ index }) => index)), inks);
  drawFront(context, picture, inks);
  if (recorded) drawSquare(context, frame, recorded, inks);
  if (untouched) drawTriangle(context, frame, untouched, inks);
  if (advised) drawDiamond(context, frame, advised, inks);
  if (chosen) drawTarget(context, frame, chosen, inks);
  if (active) ring(context, frame, active, 9, 2, inks.text);
}

function drawAxes(context: CanvasRenderingContext2D, picture: Picture, inks: Inks): void {
  const { frame, geometry } = picture;
  const { left, right, top, bottom, growth, coverage, residentPages, allGain, axes } = frame;
  const size = (percent: number) => formatSize(Math.round((residentPages * percent) / 100), geometry);
  const gain = (percent: number) =>
    axes.gain === 'tlbEntries' ? grouped(Math.round((allGain * percent) / 100)) : size(percent);
  context.strokeStyle = inks.line;
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const tick of coverage.ticks) {
    const y = Math.round(yOfPercent(frame, tick)) + 0.5;
    stroke(context, [left - 12, y, right + 12, y]);
    context.fillStyle = inks.text;
    context.fillText(`${tick}%`, left - 16, tick === 0 ? y : y - 6);
    context.fillStyle = inks.quiet;
    if (tick > 0) context.fillText(gain(tick), left - 16, y + 7);
  }
  context.textAlign = 'center';
  let free = -Infinity;
  for (const tick of growth.ticks) {
    const x = Math.round(left + (right - left) * growth.at(tick)) + 0.5;
    stroke(context, [x, top - 12, x, bottom + 12]);
    const above = `+${tick}%`;
    const below = tick === 0 ? '' : `+${size(tick)}`;
    const half = Math.max(context.measureText(above).width, context.measureText(below).width) / 2;
    if (x - half < free || x + half > frame.width - 2) continue;
    context.fillStyle = inks.text;
    context.fillText(above, x, bottom + 20);
    context.fillStyle = inks.quiet;
    context.fillText(below, x, bottom + 33);
    free = x + half + 6;
  }
}

/** What a budget leaves out is hatched. */
function drawBudget(context: CanvasRenderingContext2D, { frame, mostGrowth }: Picture, inks: Inks): void {
  const { right, top, bottom } = frame;
  // The budget is about khugepaged.
  if (frame.axes.cost !== 'growthPages') return;
  const x = xOf(frame, mostGrowth);
  if (!(x < right)) return;
  context.save();
  context.beginPath();
  context.rect(x, top - 12, right + 12 - x, bottom - top + 24);
  context.clip();
  context.strokeStyle = inks.line;
  const height = bottom - top + 24;
  for (let at = x - height; at < right + 12; at += 8)
    stroke(context, [at, bottom + 12, at + height, top - 12]);
  context.restore();
  context.strokeStyle = inks.quiet;
  context.setLineDash([4, 3]);
  stroke(context, [x, top - 12, x, bottom + 12]);
  context.setLineDash([]);
}

/** The colour of a policy: that of the largest folios that it enables, as on the map. */
function policyColor(space: SweepSpace, index: number, geometry: Geometry): string {
  const largest = ordersOf(policyAt(space, index).orders).at(-1) ?? 0;
  return cssColor(orderColor(largest, geometry.pmdOrder));
}

/** A dot for each place, larger where more policies are. */
function drawPoints(
  context: CanvasRenderingContext2D,
  { frame, points, space, geometry }: Picture,
  onFront: ReadonlySet<number>,
  { quiet }: Inks,
): void {
  const [costs, gains] = [points[frame.axes.cost], points[frame.axes.gain]];
  // Yellow on white, violet on black: the line around it is what is seen.
  context.strokeStyle = quiet;
  context.lineWidth = 0.8;
  for (let i = 0; i < costs.length; i++) {
    if (onFront.has(points.index[i])) continue;
    const radius = 1.4 + 0.5 * Math.log10(points.policies[i]);
    context.fillStyle = policyColor(space, points.index[i], geometry);
    disc(context, xOf(frame, costs[i]), yOf(frame, gains[i]), radius);
    context.stroke();
  }
}

/** The front as steps with a disc each; those that are on it for their fewer attempts are smaller. */
function drawFront(
  context: CanvasRenderingContext2D,
  { frame, front, space, geometry }: Picture,
  { text }: Inks,
): void {
  const { axes } = frame;
  const envelope = envelopeOf(front, axes);
  const onEnvelope = new Set(envelope);
  context.strokeStyle = text;
  context.lineWidth = 1.5;
  const line: number[] = [];
  for (const { metrics } of envelope) {
    const x = xOf(frame, metrics[axes.cost]);
    if (line.length > 0) line.push(x, line[line.length - 1]);
    line.push(x, yOf(frame, metrics[axes.gain]));
  }
  if (line.length > 0) stroke(context, [...line, frame.right + 12, line[line.length - 1]]);
  for (const each of front) {
    const x = xOf(frame, each.metrics[axes.cost]);
    const y = yOf(frame, each.metrics[axes.gain]);
    context.fillStyle = policyColor(space, each.index, geometry);
    disc(context, x, y, onEnvelope.has(each) ? 4.5 : 3);
    context.lineWidth = 1.2;
    context.stroke();
  }
}

function drawTriangle(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  const [x, y] = placeIn(frame, at);
  // Full, as its sign in the legend: page and text change places.
  shape(context, [x, y - 10, x + 9, y + 7, x - 9, y + 7], { ...inks, page: inks.text, text: inks.page });
}

/** Where a place stands, in CSS pixels. */
export function placeIn(frame: ChartFrame, at: Place): readonly [x: number, y: number] {
  return [xOf(frame, at[frame.axes.cost]), yOf(frame, at[frame.axes.gain])];
}

function drawTarget(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  ring(context, frame, at, 7, 5, inks.page);
  ring(context, frame, at, 7, 2.5, inks.text);
  context.fillStyle = inks.text;
  disc(context, ...placeIn(frame, at), 2.5);
}

function drawDiamond(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  const [x, y] = placeIn(frame, at);
  shape(context, [x, y - 8, x + 8, y, x, y + 8, x - 8, y], inks);
}

function drawSquare(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  const [x, y] = placeIn(frame, at);
  // Large enough to be seen around what is chosen, at the same place.
  shape(context, [x - 10, y - 10, x + 10, y - 10, x + 10, y + 10, x - 10, y + 10], inks);
}

function shape(context: CanvasRenderingContext2D, corners: readonly number[], { page, text }: Inks): void {
  context.beginPath();
  for (let i = 0; i < corners.length; i += 2) context.lineTo(corners[i], corners[i + 1]);
  context.closePath();
  context.fillStyle = page;
  context.fill();
  context.strokeStyle = text;
  context.lineWidth = 2;
  context.stroke();
}

function ring(
  context: CanvasRenderingContext2D,
  frame: ChartFrame,
  at: Place,
  radius: number,
  width: number,
  ink: string,
): void {
  context.strokeStyle = ink;
  context.lineWidth = width;
  context.beginPath();
  context.arc(...placeIn(frame, at), radius, 0, TAU);
  context.stroke();
}

function disc(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath();
  context.arc(x, y, radius, 0, TAU);
  context.fill();
}

function stroke(context: CanvasRenderingContext2D, places: readonly number[]): void {
  context.beginPath();
  for (let i = 0; i < places.length; i += 2) context.lineTo(places[i], places[i + 1]);
  context.stroke();
}
