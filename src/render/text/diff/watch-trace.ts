import type { TraceReport, WatchReport } from '../../../analysis/watch/report.ts';
import { EMPTY, HUGE_ALREADY, type TraceSums } from '../../../analysis/watch/trace-tally.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../../core/memory/order.ts';
import { printable } from '../../words/printable.ts';
import { layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';

/** What trace events tell, and what of it was lost. */
export function traceLines(
  { trace, geometry, timed }: WatchReport,
  traced: readonly string[] | undefined,
  style: Style,
): string[] {
  if (!trace || !traced)
    return ['collapses by size, results and processes take trace events: nothing is traced here'];
  const lost = sum(trace.lost.map(({ events }) => events));
  const cpus = trace.lost.map(({ cpu, events }) => `${grouped(events)} on CPU ${cpu}`).join(', ');
  const words = `${grouped(trace.total.events)} since the start, ${lost === 0 ? 'none lost' : `${grouped(lost)} lost (${cpus}): sums are too small`}`;
  return [
    `${style.bold('trace events')} of anonymous memory: ${lost === 0 ? words : style.warn(words)}`,
    ...sumLines(trace.total, geometry),
    ...timedLines(timed, geometry),
    ...processTable(trace, style),
  ];
}

/** What happened in an interval, as phrases of a line. */
export function tracedPhrases(sums: TraceSums, geometry: Geometry): string[] {
  const { scanned, scannedByOthers } = sums;
  const looked = [
    ...(scanned > 0 ? [`${plural(scanned, 'range')} scanned`] : []),
    ...(scannedByOthers > 0 ? [`${plural(scannedByOthers, 'range')} scanned by MADV_COLLAPSE`] : []),
  ];
  const attempts = bySize(sums).flatMap(([order, { succeeded, failed }]) => {
    const size = formatOrder(asOrder(order), geometry);
    return [
      ...(succeeded > 0 ? [`${grouped(succeeded)} collapsed to ${size}`] : []),
      ...phrase(`to ${size} failed: `, without(failed, HUGE_ALREADY)),
    ];
  });
  return [
    ...looked,
    ...phrase('huge already: ', only(sums.refused, HUGE_ALREADY)),
    ...phrase('empty: ', only(sums.refused, EMPTY)),
    ...attempts,
    ...phrase('refused: ', without(sums.refused, HUGE_ALREADY, EMPTY)),
  ];
}

function sumLines(sums: TraceSums, geometry: Geometry): string[] {
  const lines = [
    field(
      'looked at',
      `${plural(sums.scanned, 'range')} by khugepaged, ${grouped(sums.scannedByOthers)} by MADV_COLLAPSE`,
    ),
  ];
  const sizes = bySize(sums);
  const collapsed = sizes.filter(([, { succeeded }]) => succeeded > 0);
  if (collapsed.length > 0)
    lines.push(
      field(
        'collapsed',
        collapsed
          .map(
            ([order, { succeeded }]) => `${grouped(succeeded)} to ${formatOrder(asOrder(order), geometry)}`,
          )
          .join(', '),
      ),
    );
  for (const [order, { failed }] of sizes) {
    const others = without(failed, HUGE_ALREADY);
    const size = formatOrder(asOrder(order), geometry);
    if (others.size > 0) lines.push(field('failed', `to ${size}: ${countsOf(others)}`));
  }
  const refused = without(sums.refused, HUGE_ALREADY, EMPTY);
  if (refused.size > 0) lines.push(field('refused', `before any attempt: ${countsOf(refused)}`));
  lines.push(...hugeAlready(sums, geometry));
  const empty = only(sums.refused, EMPTY);
  if (empty.size > 0) lines.push(field('empty', countsOf(empty)));
  if (sums.swappedIn > 0) lines.push(field('swapped in', plural(sums.swappedIn, 'page')));
  return lines;
}

/** Ranges, and windows of other sizes, that khugepaged found huge. */
function hugeAlready(sums: TraceSums, geometry: Geometry): string[] {
  const ranges = only(sums.refused, HUGE_ALREADY);
  const windows = bySize(sums).flatMap(([order, { failed }]) => {
    const found = only(failed, HUGE_ALREADY);
    return found.size > 0 ? [`windows of ${formatOrder(asOrder(order), geometry)}: ${countsOf(found)}`] : [];
  });
  const parts = [...(ranges.size > 0 ? [countsOf(ranges)] : []), ...windows];
  return parts.length > 0 ? [field('huge already', parts.join('; '))] : [];
}

function only(results: ReadonlyMap<string, number>, names: ReadonlySet<string>): Map<string, number> {
  return new Map([...results].filter(([name]) => names.has(name)));
}

function without(results: ReadonlyMap<string, number>, ...names: ReadonlySet<string>[]): Map<string, number> {
  return new Map([...results].filter(([name]) => !names.some((each) => each.has(name))));
}

function phrase(words: string, results: ReadonlyMap<string, number>): string[] {
  return results.size > 0 ? [`${words}${countsOf(results)}`] : [];
}

function timedLines(timed: WatchReport['timed'], geometry: Geometry): string[] {
  if (!timed) return [];
  const scan =
    timed.scanNs === undefined
      ? 'no whole scan timed yet'
      : `a scan ${formatDuration(timed.scanNs)} (median of ${grouped(timed.scans)})`;
  const sizes = timed.sizes.map(
    ({ order, count, pages, ns }) =>
      `a collapse to ${formatOrder(asOrder(order), geometry)} ${formatDuration(ns)} with ${plural(pages, 'page')} to copy (medians of ${grouped(count)})`,
  );
  return [field('takes', [scan, ...sizes].join('; '))];
}

function processTable({ processes }: TraceReport, style: Style): string[] {
  if (processes.length === 0) return [];
  const [title, ...rows] = layOutTable(
    [
      { title: 'PID', align: 'right' },
      { title: 'COMMAND', align: 'left' },
      { title: 'LOOKED AT', align: 'right' },
      { title: 'COLLAPSED', align: 'right' },
      { title: 'FAILED', align: 'right' },
    ],
    processes.map(({ pid, command, hasEnded, scanned, collapsed, failed }) => [
      pid === undefined ? '-' : String(pid),
      command === undefined ? 'others, or not known' : `${printable(command)}${hasEnded ? ' (ended)' : ''}`,
      ...[scanned, collapsed, failed].map(grouped),
    ]),
  );
  return [style.bold(`  ${title}`), ...rows.map((row) => `  ${row}`)];
}

/** The largest size first. */
function bySize({ attempts }: TraceSums) {
  return [...attempts].sort(([a], [b]) => b - a);
}

/** "12 SCAN_PMD_MAPPED, 3 SCAN_PAGE_COUNT", the most frequent first. */
function countsOf(results: ReadonlyMap<string, number>): string {
  return [...results]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${grouped(count)} ${name}`)
    .join(', ');
}
