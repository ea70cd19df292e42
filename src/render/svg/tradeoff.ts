import { metricAt, policyCount, type SweepSpace } from '../../analysis/sweep/sweep.ts';
import { grouped } from '../../core/base/plural.ts';
import { DENSITY_LEVELS } from '../report/style.ts';
import type { Markup, Part } from '../words/markup.ts';
import { element } from './svg.ts';
import { cellPaths, svgImage } from './svg-image.ts';

/** A policy that the chart names: its numbers in the table beside it, growth and huge memory in pages. */
export interface TradeoffMark {
  readonly label: string;
  readonly growthPages: number;
  readonly hugePages: number;
}

const WIDTH = 640;
const HEIGHT = 390;
const LEFT = 60;
const RIGHT = 18;
const TOP = 32;
const BOTTOM = 52;
const PLOT_WIDTH = WIDTH - LEFT - RIGHT;
const PLOT_HEIGHT = HEIGHT - TOP - BOTTOM;
const COLUMNS = 80;
const ROWS = 45;
const MARK_SIZE = 20;
/** Growth in percent that an axis may name. */
const TICKS = [0, 0.1, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000];
const TICK_GAP = 52;

/**
 * Huge memory against growth for all policies of a sweep: how many policies lie where as shades, a line along
 * those that nobody beats in these two, and marks. Growth has a square-root scale, for budgets are small.
 */
export function tradeoffChart(
  space: SweepSpace,
  values: Float64Array,
  residentPages: number,
  marks: readonly TradeoffMark[],
): Markup {
  const policies = policyCount(space);
  const resident = Math.max(1, residentPages);
  let most = 1;
  for (let index = 0; index < policies; index++)
    most = Math.max(most, metricAt(values, index, 'growthPages'));
  for (const { growthPages } of marks) most = Math.max(most, growthPages);
  const across = (growthPages: number) => Math.sqrt(growthPages / most);
  const up = (hugePages: number) => Math.min(1, hugePages / resident);
  const x = (growthPages: number) => round(LEFT + across(growthPages) * PLOT_WIDTH);
  const y = (hugePages: number) => round(TOP + (1 - up(hugePages)) * PLOT_HEIGHT);

  const counts = new Uint32Array(COLUMNS * ROWS);
  const highest = new Map<number, number>();
  for (let index = 0; index < policies; index++) {
    const growth = metricAt(values, index, 'growthPages');
    const huge = metricAt(values, index, 'hugePages');
    const column = Math.min(COLUMNS - 1, Math.floor(across(growth) * COLUMNS));
    const row = Math.min(ROWS - 1, Math.floor((1 - up(huge)) * ROWS));
    counts[row * COLUMNS + column]++;
    highest.set(growth, Math.max(highest.get(growth) ?? 0, huge));
  }
  const cell = `translate(${LEFT} ${TOP}) scale(${PLOT_WIDTH / COLUMNS} ${PLOT_HEIGHT / ROWS})`;
  return svgImage(
    'Trade-off: share of the memory in use that is in huge pages, upwards, against growth of resident memory, to the right, for all policies; the table below has the marked ones',
    'chart',
    [WIDTH, HEIGHT],
    [
      gridLines(most, resident, x, y),
      element('g', { transform: cell }, cellPaths(densityClasses(counts), COLUMNS)),
      element('path', { class: 'front', d: frontLine(highest, most, x, y) }),
      element('path', { class: 'axis', d: `M${LEFT} ${TOP}V${TOP + PLOT_HEIGHT}H${WIDTH - RIGHT}` }),
      groupsOf(marks, x, y).map(markImage),
    ],
  );
}

/** Shades by powers of ten, nearly. */
function densityClasses(counts: Uint32Array): (string | undefined)[] {
  const most = Math.log(Math.max(2, ...counts));
  return Array.from(counts, (count) => {
    if (count === 0) return undefined;
    return `c d${Math.min(DENSITY_LEVELS - 1, Math.floor((Math.log(count) / most) * DENSITY_LEVELS))}`;
  });
}

type Scale = (pages: number) => number;

/** A staircase: the most huge memory that a growth of at most so much brings. */
function frontLine(highest: ReadonlyMap<number, number>, most: number, x: Scale, y: Scale): string {
  let best = -1;
  let lastY = Infinity;
  let line = '';
  for (const [growth, huge] of [...highest].sort(([a], [b]) => a - b)) {
    // Steps that nobody can see would make the file large.
    if (huge <= best || lastY - y(huge) < 0.5) continue;
    line += line === '' ? `M${x(growth)} ${y(huge)}` : `H${x(growth)}V${y(huge)}`;
    best = huge;
    lastY = y(huge);
  }
  return `${line}H${x(most)}`;
}

function gridLines(most: number, resident: number, x: Scale, y: Scale): Part[] {
  const bottom = TOP + PLOT_HEIGHT;
  const shares = [0, 25, 50, 75, 100].map((share) => {
    const at = y((share / 100) * resident);
    return [
      element('path', { class: 'grid', d: `M${LEFT} ${at}H${WIDTH - RIGHT}` }),
      label('quiet end', LEFT - 13, at + 4, `${share}%`),
    ];
  });
  let last = -Infinity;
  const growths = TICKS.filter((share) => {
    const pages = (share / 100) * resident;
    if (pages > most || x(pages) - last < TICK_GAP) return false;
    last = x(pages);
    return true;
  }).map((share) => {
    const at = x((share / 100) * resident);
    return [
      element('path', { class: 'grid', d: `M${at} ${TOP}V${bottom}` }),
      label('quiet middle', at, bottom + 19, `+${grouped(share)}%`),
    ];
  });
  return [
    ...shares,
    ...growths,
    label('quiet end', WIDTH - RIGHT, HEIGHT - 8, 'growth of resident memory'),
    label('quiet', 4, 14, 'in huge pages'),
  ];
}

interface MarkGroup {
  readonly x: number;
  readonly y: number;
  readonly labels: string[];
}

/** Marks that would cover each other are one. */
function groupsOf(marks: readonly TradeoffMark[], x: Scale, y: Scale): MarkGroup[] {
  const groups: MarkGroup[] = [];
  for (const { label, growthPages, hugePages } of marks) {
    const at = { x: x(growthPages), y: y(hugePages) };
    const near = groups.find(
      (group) => Math.abs(group.x - at.x) < MARK_SIZE && Math.abs(group.y - at.y) < MARK_SIZE,
    );
    if (near) near.labels.push(label);
    else groups.push({ ...at, labels: [label] });
  }
  return groups;
}

function markImage({ x, y, labels }: MarkGroup): Part {
  const text = labels.join(',');
  const width = MARK_SIZE + 8 * (text.length - 1);
  const left = Math.min(x - MARK_SIZE / 2, WIDTH - width - 2);
  const top = Math.max(1, Math.min(y - MARK_SIZE / 2, HEIGHT - BOTTOM - MARK_SIZE / 2));
  const box = { x: left, y: top, width, height: MARK_SIZE, rx: MARK_SIZE / 2 };
  return [element('rect', { class: 'mark', ...box }), label('marked', left + width / 2, top + 14.5, text)];
}

function label(className: string, x: number, y: number, text: string): Markup {
  return element('text', { class: className, x, y }, text);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
