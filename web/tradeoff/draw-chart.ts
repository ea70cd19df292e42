import type { SweptResult } from '../../src/analysis/pareto.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { type ChartFrame, envelopeOf, xOf, yOf } from './chart-frame.ts';
import type { SweepPoints } from './sweep-points.ts';

/** A place in the picture. */
export interface Place {
  readonly growthPages: number;
  readonly hugePages: number;
}

interface Picture {
  readonly frame: ChartFrame;
  readonly geometry: Geometry;
  readonly points: SweepPoints;
  readonly front: readonly SweptResult[];
  /** Growth beyond this is shaded. */
  readonly mostGrowth: number;
  readonly chosen: Place | undefined;
  readonly recorded: Place | undefined;
  readonly advised: Place | undefined;
  /** Under the pointer or the keyboard. */
  readonly active: Place | undefined;
}

export const INKS = ['page', 'raised', 'line', 'text', 'quiet', 'accent'] as const;
export type Inks = Record<(typeof INKS)[number], string>;

const TAU = 2 * Math.PI;

/** Draws coverage against growth. The context's unit is a CSS pixel. */
export function drawChart(context: CanvasRenderingContext2D, picture: Picture, inks: Inks): void {
  const { frame, points, front, chosen, recorded, advised, active } = picture;
  context.clearRect(0, 0, frame.width, frame.height);
  context.font = `11px ${getComputedStyle(context.canvas).fontFamily}`;
  drawAxes(context, picture, inks);
  drawBudget(context, picture, inks);
  drawPoints(context, frame, points, new Set(front.map(({ index }) => index)), inks);
  drawFront(context, frame, front, inks);
  if (recorded) drawSquare(context, frame, recorded, inks);
  if (advised) drawDiamond(context, frame, advised, inks);
  if (chosen) drawTarget(context, frame, chosen, inks);
  if (active) ring(context, frame, active, 9, 2, inks.text);
}

function drawAxes(context: CanvasRenderingContext2D, picture: Picture, inks: Inks): void {
  const { frame, geometry } = picture;
  const { left, right, top, bottom, growth, coverage, residentPages } = frame;
  const size = (percent: number) => formatSize(Math.round((residentPages * percent) / 100), geometry);
  context.strokeStyle = inks.line;
  context.lineWidth = 1;
  context.textBaseline = 'middle';
  context.textAlign = 'right';
  for (const tick of coverage.ticks) {
    const y = Math.round(bottom - (bottom - top) * coverage.at(tick)) + 0.5;
    stroke(context, [left - 12, y, right + 12, y]);
    context.fillStyle = inks.text;
    context.fillText(`${tick}%`, left - 16, tick === 0 ? y : y - 6);
    context.fillStyle = inks.quiet;
    if (tick > 0) context.fillText(size(tick), left - 16, y + 7);
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

/** A dot for each place, larger where more policies are. */
function drawPoints(
  context: CanvasRenderingContext2D,
  frame: ChartFrame,
  { growthPages, hugePages, policies, index }: SweepPoints,
  onFront: ReadonlySet<number>,
  { quiet }: Inks,
): void {
  context.fillStyle = quiet;
  context.globalAlpha = 0.55;
  for (let i = 0; i < growthPages.length; i++) {
    if (onFront.has(index[i])) continue;
    const radius = 1.2 + 0.5 * Math.log10(policies[i]);
    disc(context, xOf(frame, growthPages[i]), yOf(frame, hugePages[i]), radius);
  }
  context.globalAlpha = 1;
}

/** The front as steps with a disc each; hollow ones are on it for their fewer attempts. */
function drawFront(
  context: CanvasRenderingContext2D,
  frame: ChartFrame,
  front: readonly SweptResult[],
  { accent, page }: Inks,
): void {
  const envelope = envelopeOf(front);
  const onEnvelope = new Set(envelope);
  context.strokeStyle = accent;
  context.lineWidth = 1.5;
  const line: number[] = [];
  for (const { metrics } of envelope) {
    const x = xOf(frame, metrics.growthPages);
    if (line.length > 0) line.push(x, line[line.length - 1]);
    line.push(x, yOf(frame, metrics.hugePages));
  }
  if (line.length > 0) stroke(context, [...line, frame.right + 12, line[line.length - 1]]);
  for (const each of front) {
    const x = xOf(frame, each.metrics.growthPages);
    const y = yOf(frame, each.metrics.hugePages);
    context.fillStyle = onEnvelope.has(each) ? accent : page;
    disc(context, x, y, 3);
    context.lineWidth = 1;
    context.stroke();
  }
}

function drawTarget(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  ring(context, frame, at, 7, 5, inks.page);
  ring(context, frame, at, 7, 2.5, inks.text);
  context.fillStyle = inks.text;
  disc(context, xOf(frame, at.growthPages), yOf(frame, at.hugePages), 2.5);
}

function drawDiamond(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  const x = xOf(frame, at.growthPages);
  const y = yOf(frame, at.hugePages);
  shape(context, [x, y - 8, x + 8, y, x, y + 8, x - 8, y], inks);
}

function drawSquare(context: CanvasRenderingContext2D, frame: ChartFrame, at: Place, inks: Inks): void {
  const x = xOf(frame, at.growthPages);
  const y = yOf(frame, at.hugePages);
  shape(context, [x - 6, y - 6, x + 6, y - 6, x + 6, y + 6, x - 6, y + 6], inks);
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
  context.arc(xOf(frame, at.growthPages), yOf(frame, at.hugePages), radius, 0, TAU);
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
