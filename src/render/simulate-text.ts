import { formatBytes } from '../core/bytes.ts';
import { formatDuration } from '../core/duration.ts';
import { pageBytes, pagesPerRange } from '../core/geometry.ts';
import { resultName } from '../core/kernel-model.ts';
import { anonOrders, formatOrder } from '../core/order.ts';
import { collapsePolicy } from '../core/policy.ts';
import type { ScanResult } from '../core/scan-result.ts';
import type { SimulationReport } from '../simulation/report.ts';
import { type Column, layOutTable } from './columns.ts';
import { ignoredNoneLimit } from './none-limit-note.ts';
import { plural } from './plural.ts';
import { printable } from './printable.ts';
import { RESULT_MEANINGS } from './reasons.ts';
import { plotLines } from './simulate-plot.ts';
import { steadyLines } from './simulate-steady.ts';
import { sizeWords } from './size-words.ts';
import type { Style } from './style.ts';
import { field } from './tally-text.ts';

/** Rows of processes and of waits that are shown; the rest is counted. */
const ROWS = 8;

/** A simulation as a person reads it: plots, a summary, what it goes on to cost. */
export function simulateText(report: SimulationReport, style: Style): string {
  return [
    ...headLines(report, style),
    '',
    ...plotLines(report, style),
    '',
    ...summaryLines(report, style),
    ...steadyLines(report, style),
    ...processLines(report),
    ...report.log.map((line) => field('kernel log', line)),
    '',
  ].join('\n');
}

function headLines(report: SimulationReport, style: Style): string[] {
  const { settings, geometry, model, seed, pagesToScan, scanSleepMs } = report;
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  const ignored = ignoredNoneLimit(collapsePolicy(anonOrders(geometry), settings, model, geometry), geometry);
  const sleep = formatDuration(scanSleepMs * 1e6);
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const swap = report.swapSlots > 0 ? `, ${size(report.swapSlots)} of swap` : '';
  return [
    style.bold(printable(report.title)),
    `${model.name}; enabled ${settings.enabled}, sizes: ${sizeWords(settings, geometry)}`,
    `max_ptes_none ${maxPtesNone}, max_ptes_swap ${maxPtesSwap}, max_ptes_shared ${maxPtesShared}, ` +
      `pages_to_scan ${pagesToScan} every ${sleep}`,
    `${size(report.memoryPages)} of memory${swap}; costs of ${printable(report.calibration)}; seed ${seed}`,
    ...(ignored && hasSmallSizes(report) ? [style.warn(ignored)] : []),
  ];
}

function hasSmallSizes({ settings, geometry }: SimulationReport): boolean {
  return [...settings.sizes].some(([order, word]) => order < geometry.pmdOrder && word !== 'never');
}

function summaryLines(report: SimulationReport, style: Style): string[] {
  const { geometry, samples, model } = report;
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const last = samples[samples.length - 1];
  const failures = Object.entries(last.failures) as [ScanResult, number][];
  const { writeLock } = last;
  return [
    field(...endingOf(report, style)),
    field('RSS', rssText(report, style)),
    field(
      'work',
      `${plural(last.collapses, 'collapse')} in ${plural(last.attempts, 'attempt')}, ${size(last.copiedPages)} copied`,
    ),
    ...failures
      .sort(([, a], [, b]) => b - a)
      .map(([result, count], i) =>
        field(
          i === 0 ? 'failed' : '',
          `${plural(count, 'attempt')}: ${RESULT_MEANINGS[result]} ${style.dim(`(${resultName(result, model)})`)}`,
        ),
      ),
    field(
      'CPU',
      `${formatDuration(last.cpuNs)} of khugepaged, ${share(last.cpuNs, report.ranNs)} of one CPU`,
    ),
    field(
      'write lock',
      writeLock.count === 0
        ? 'never held'
        : `mmap lock held for write ${plural(writeLock.count, 'time')}, ${formatDuration(writeLock.totalNs)} together, ` +
            `${formatDuration(writeLock.longestNs)} at the longest`,
    ),
    ...waitLines(report),
    ...creepLines(report, style),
    ...report.incidents.map(({ at, process, what, stop, times }) =>
      field(
        stop === 'oom' ? 'out of memory' : 'stopped',
        style.bad(
          `${printable(process)} could not ${printable(what)} at ${formatDuration(at)}` +
            `${stop === 'oom' ? '' : ` (${stop})`}${times > 1 ? `, and ${times - 1} times more` : ''}`,
        ),
      ),
    ),
  ];
}

function endingOf(
  { ending, convergedNs, ranNs, passes, samples }: SimulationReport,
  style: Style,
): [string, string] {
  const scans = plural(passes, 'full scan');
  const nothing = samples[samples.length - 1].collapses === 0;
  const when = nothing
    ? 'nothing ever collapsed'
    : `the last window collapsed at ${formatDuration(convergedNs)}`;
  switch (ending) {
    case 'settled':
      return [
        'settled',
        style.good(`${when}; since then nothing changes (${scans} in ${formatDuration(ranNs)})`),
      ];
    case 'time':
      return ['stopped', `after ${formatDuration(ranNs)}, ${scans}; ${when}`];
    case 'unsettled':
      return ['not settled', style.warn(`after ${formatDuration(ranNs)}, ${scans}: memory goes on changing`)];
  }
}

/** RSS at the beginning, at its lowest in between, and at the end, and what khugepaged added. */
function rssText({ samples, geometry }: SimulationReport, style: Style): string {
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const rss = samples.map(({ rssPages }) => rssPages);
  const first = rss[0];
  const last = rss[rss.length - 1];
  const highest = Math.max(...rss);
  const lowest = Math.min(...rss.slice(rss.indexOf(highest)));
  const stations = [first, highest, lowest, last].filter((pages, i, all) => i === 0 || pages !== all[i - 1]);
  const { filledPages, swappedInPages } = samples[samples.length - 1];
  const filled =
    filledPages > 0 ? style.warn(`; khugepaged filled ${size(filledPages)} of holes`) : '; no hole filled';
  const swapped = swappedInPages > 0 ? `, and swapped ${size(swappedInPages)} in` : '';
  return `${stations.map(size).join(' -> ')}${filled}${swapped}`;
}

function waitLines({ waits }: SimulationReport): string[] {
  const rows = [...waits].sort(([, a], [, b]) => b.totalNs - a.totalNs);
  const lines = rows
    .slice(0, ROWS)
    .map(([who, { count, totalNs, longestNs }], i) =>
      field(
        i === 0 ? 'waits' : '',
        `${printable(who)}: ${plural(count, 'time')}, ${formatDuration(totalNs)} together, ${formatDuration(longestNs)} at the longest`,
      ),
    );
  if (rows.length > ROWS) lines.push(field('', `and ${rows.length - ROWS} others`));
  return lines;
}

function creepLines({ creep, geometry }: SimulationReport, style: Style): string[] {
  const { worst, ranges, recopiedPages } = creep;
  if (!worst) return [];
  const size = formatBytes(recopiedPages * pageBytes(geometry));
  const steps = worst.steps.map(({ order }) => formatOrder(order, geometry)).join(' -> ');
  const passes = worst.steps[worst.steps.length - 1].pass - worst.steps[0].pass + 1;
  return [
    field(
      'creep',
      style.warn(
        `${plural(ranges, 'PMD range')} of ${pagesPerRange(geometry)} pages climbed pass by pass; ${size} copied again`,
      ),
    ),
    field('', `0x${worst.address.toString(16)}: ${steps}, in ${plural(passes, 'pass', 'passes')}`),
  ];
}

const PROCESS_COLUMNS: readonly Column[] = [
  { title: 'PROCESS', align: 'left' },
  { title: 'RSS', align: 'right' },
  { title: 'SWAP', align: 'right' },
];

/** The largest processes at the end, if there is more than one. */
function processLines({ processes, geometry }: SimulationReport): string[] {
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const living = processes.filter(({ exited }) => !exited).sort((a, b) => b.rssPages - a.rssPages);
  const gone = processes.length - living.length;
  if (processes.length < 2) return [];
  const rows = living
    .slice(0, ROWS)
    .map(({ name, rssPages, swapPages }) => [printable(name), size(rssPages), size(swapPages)]);
  const rest = [
    ...(living.length > ROWS ? [`and ${plural(living.length - ROWS, 'other')}`] : []),
    ...(gone > 0 ? [`${plural(gone, 'process has', 'processes have')} exited`] : []),
  ];
  return [
    '',
    ...layOutTable(PROCESS_COLUMNS, rows).map((line) => `  ${line}`),
    ...rest.map((line) => `  ${line}`),
  ];
}

function share(part: number, whole: number): string {
  if (whole === 0) return '0%';
  return `${((100 * part) / whole).toPrecision(2)}%`;
}
