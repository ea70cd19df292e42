import { type Listing, listProcesses } from '../../../analysis/prediction/process-list.ts';
import type { RangeOutcome } from '../../../analysis/prediction/range-outcome.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import type { OrderSet } from '../../../core/memory/order.ts';
import { refusalLine } from '../../words/explain/reasons.ts';
import { othersLine } from '../../words/others-line.ts';
import { type Column, layOutTable } from '../layout/columns.ts';

const COLUMNS: readonly Column[] = [
  { title: '  PMD RANGE', align: 'left' },
  { title: 'MEMORY', align: 'right' },
  { title: 'HUGE NOW', align: 'right' },
  { title: 'HUGE THEN', align: 'right' },
  { title: 'GROWTH', align: 'right' },
];
const RESTART_GROWTH: Column = { title: 'GROWTH BY RESTART', align: 'right' };
const UNCHANGED: Column = { title: 'UNCHANGED', align: 'left' };

/** The PMD ranges of a VMA that hold any page, a line each: in address order, unless asked otherwise. */
export function vmaRangesTable(
  outcomes: readonly RangeOutcome[],
  { sort, top = Infinity }: Partial<Listing>,
  orders: OrderSet,
  geometry: Geometry,
): string[] {
  const { shown, others } = listProcesses(outcomes, (each) => each, { sort: sort ?? 'none', top });
  const growsAtRestart = outcomes.some(({ restartGrowthPages }) => restartGrowthPages > 0);
  const growth = (pages: number) => (pages > 0 ? `+${formatSize(pages, geometry)}` : '0B');
  const rows = shown.map((each) => [
    `  ${each.address.toString(16)}`,
    formatSize(each.residentPages, geometry),
    formatSize(each.hugeNow, geometry),
    formatSize(each.hugeThen, geometry),
    growth(each.growthPages),
    ...(growsAtRestart ? [growth(each.restartGrowthPages)] : []),
    unchanged(each, orders, geometry),
  ]);
  const rest = othersLine(others, geometry);
  const columns = [...COLUMNS, ...(growsAtRestart ? [RESTART_GROWTH] : []), UNCHANGED];
  return [...layOutTable(columns, rows), ...(rest === undefined ? [] : [`  ${rest}`])];
}

/** What of a range stays as it is, and why where that is one thing for all of it. */
function unchanged(
  { refusal, leftSmallPages, residentPages }: RangeOutcome,
  orders: OrderSet,
  geometry: Geometry,
): string {
  if (refusal !== undefined) return `${formatSize(residentPages, geometry)}: ${refusalLine(refusal, orders)}`;
  return leftSmallPages > 0 ? `${formatSize(leftSmallPages, geometry)} left small` : '';
}
