import type { ChangedSetting } from '../../../analysis/sweep/changed-settings.ts';
import { otherGrowth, type SizeCounters, sizeCounters } from '../../../analysis/watch/counters.ts';
import { inInterval, type WatchReport, type WatchStart } from '../../../analysis/watch/report.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { formatOrder } from '../../../core/memory/order.ts';
import { printable } from '../../words/printable.ts';
import { settingsWords } from '../../words/sizes.ts';
import { layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { foretoldLines } from './diff.ts';
import { tracedPhrases, traceLines } from './watch-trace.ts';

/** Changed settings, and ended processes, that a frame has room for. */
const MOST_EVENTS = 5;

/** What is watched, on which machine. */
export function watchTitle({ origins, host, everyMs }: WatchStart, style: Style): string {
  const { source } = origins[0];
  const machine = `${host.name === '' ? 'a machine without a name' : host.name}, Linux ${host.kernelRelease}`;
  return style.bold(printable(`thpscope watch ${source}: ${machine}; every ${time(everyMs)}`));
}

/** All that is known now, a line each. */
export function watchFrame(start: WatchStart, report: WatchReport, style: Style): string[] {
  const { settings, geometry, foretold } = report;
  const force = settings ? settingsWords(settings, geometry) : 'this kernel has no transparent huge pages';
  return [
    watchTitle(start, style),
    `${time(report.elapsedMs)} since the start; in force: ${force}`,
    ...report.changedSettings
      .slice(-MOST_EVENTS)
      .map((each) => `  ${changeWords(each)}, ${agoWords(report.elapsedMs - each.atMs)}`),
    ...report.ended.slice(-MOST_EVENTS).map((each) => `  ${endedWords(each)}`),
    '',
    ...khugepagedLines(report, style),
    '',
    ...counterLines(report, style),
    '',
    ...traceLines(report, start.traced, style),
    ...predictedLines(start, foretold, style),
  ];
}

/** What happened in the interval: a line that begins with the time; empty where nothing did. */
export function watchLines(report: WatchReport): string {
  const { inInterval: grew, geometry, trace } = report;
  const phrases = [
    ...inInterval(report, report.ended).map(endedWords),
    ...inInterval(report, report.changedSettings).map(changeWords),
    ...sizeCounters(grew, geometry).flatMap((size) => sizePhrases(size, report)),
    ...counted(grew['khugepaged/pages_collapsed'], (n) => `${plural(n, 'range')} collapsed (counter)`),
    ...counted(grew['khugepaged/full_scans'], (n) => `${plural(n, 'round')} of khugepaged`),
    ...(trace ? tracedPhrases(trace.interval, geometry) : []),
  ];
  return phrases.length === 0 ? '' : `${report.time.slice(11, 19)} ${phrases.join('; ')}\n`;
}

function sizePhrases(size: SizeCounters, { geometry }: WatchReport): string[] {
  const name = formatOrder(size.order, geometry);
  return [
    ...counted(size.faults, (n) => `${grouped(n)} of ${name} by page faults`),
    ...counted(size.faultFailures, (n) => `${plural(n, 'page fault')} without a ${name} page`),
    ...counted(size.collapseAllocations, (n) => `${grouped(n)} of ${name} allocated for collapses`),
    ...counted(
      size.collapseAllocationFailures,
      (n) => `${grouped(n)} of ${name} not to be had for collapses`,
    ),
    ...counted(size.splits, (n) => `${grouped(n)} of ${name} split`),
  ];
}

function counted(count: number | undefined, words: (count: number) => string): string[] {
  return count ? [words(count)] : [];
}

function changeWords({ file, before, after }: ChangedSetting): string {
  return `${file} ${before} -> ${after}`;
}

function agoWords(ms: number): string {
  return ms < 1000 ? 'just now' : `${time(ms)} ago`;
}

function endedWords({ pid, command }: WatchReport['ended'][number]): string {
  return `process ${pid} (${printable(command)}) has ended`;
}

function khugepagedLines(report: WatchReport, style: Style): string[] {
  const { khugepaged, pace, trace, sinceStart, inInterval: grew } = report;
  const title = style.bold('khugepaged');
  if (khugepaged === 'stopped') return [title, '  does not run: no size is enabled'];
  const lines = [title];
  if (trace)
    lines.push(
      field(
        'place',
        trace.place
          ? `${trace.place.pid} ${printable(trace.place.command)}`
          : 'not known: it was nowhere yet, or at a process that is not watched',
      ),
    );
  if (pace)
    lines.push(field('pace', `${grouped(pace.pagesToScan)} PTEs, then ${time(pace.scanSleepMs)} of sleep`));
  const collapsed = sinceStart['khugepaged/pages_collapsed'];
  lines.push(field('rounds', roundWords(report)));
  if (collapsed !== undefined)
    lines.push(
      field('collapsed', `${cell(collapsed, grew['khugepaged/pages_collapsed'])} ranges of all processes`),
    );
  return lines;
}

/** How far it is round its list. */
function roundWords({ round, roundByPaceMs, khugepaged }: WatchReport): string {
  const { rounds, measuredMs, leftMs } = round;
  const since = `${grouped(rounds)} since the start`;
  if (measuredMs !== undefined && leftMs !== undefined)
    return `${since}, one takes ${time(measuredMs)}; the next ends ${leftMs === 0 ? 'any moment' : `in about ${time(leftMs)}`}`;
  const unknown = khugepaged === 'unknown' ? ' (whether it runs is not visible from here)' : '';
  if (roundByPaceMs === undefined)
    return `${since}; how long one takes is known once two have ended${unknown}`;
  if (roundByPaceMs === 0)
    return `${since}; under the settings in force it scans nothing of the memory watched${unknown}`;
  return `${since}; the memory watched takes at most ${time(roundByPaceMs)} of one by the pace, other processes on its list come on top${unknown}`;
}

const SIZE_COLUMNS = ['SIZE', 'FAULTS', 'FAILED', 'FOR COLLAPSE', 'FAILED', 'SPLIT', 'FAILED'];

function counterLines(
  { sinceStart, inInterval: grew, geometry, intervalMs }: WatchReport,
  style: Style,
): string[] {
  const title = style.bold(
    `counters of the whole machine, whoever did it: since the start (and in the last ${time(intervalMs)})`,
  );
  const recent = sizeCounters(grew, geometry);
  const rows = sizeCounters(sinceStart, geometry)
    .map((size, i) => [
      formatOrder(size.order, geometry),
      cell(size.faults, recent[i].faults),
      cell(size.faultFailures, recent[i].faultFailures),
      cell(size.collapseAllocations, recent[i].collapseAllocations),
      cell(size.collapseAllocationFailures, recent[i].collapseAllocationFailures),
      cell(size.splits, recent[i].splits),
      cell(size.splitFailures, recent[i].splitFailures),
    ])
    .filter((cells) => cells.slice(1).some((text) => text !== '0' && text !== '-'))
    .toReversed();
  const table = layOutTable(
    SIZE_COLUMNS.map((each) => ({ title: each, align: 'right' })),
    rows,
  ).map((line) => `  ${line}`);
  const others = otherGrowth(sinceStart).map(([name, total]) => `  ${name} ${cell(total, grew[name])}`);
  if (rows.length + others.length === 0) return [title, '  none about huge pages moved'];
  const collapses =
    'FOR COLLAPSE are allocations: attempts may fail after them; no counter tells collapses by size';
  return [title, ...(rows.length > 0 ? [...table, style.dim(`  ${collapses}`)] : []), ...others];
}

/** A count since the start, and the part of it that is new. */
function cell(total: number | undefined, recent: number | undefined): string {
  if (total === undefined) return '-';
  return recent ? `${grouped(total)} (+${grouped(recent)})` : grouped(total);
}

function predictedLines({ policy }: WatchStart, foretold: WatchReport['foretold'], style: Style): string[] {
  if (!policy) return ['', 'nothing is predicted: the memory may not be read by this user'];
  if (!foretold) return ['', 'predicted at the start; what came true is told once the memory was read again'];
  return [
    '',
    ...foretoldLines(foretold, style).filter((line) => line !== ''),
    style.dim(`  read ${agoWords(foretold.ageMs)}`),
  ];
}

function time(ms: number): string {
  return formatDuration((ms >= 1000 ? Math.round(ms / 1000) * 1000 : Math.max(1, Math.round(ms))) * 1e6);
}
