import type { ReadOn } from '../../../analysis/reading/read-on.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { type OrderSet, orderSet } from '../../../core/memory/order.ts';
import type { ThpSettings } from '../../../core/rules/thp-settings.ts';
import type { SimulationReport } from '../../../simulation/simulation-report.ts';
import { kernelWords, otherKernelLine } from '../../words/kernel-words.ts';
import { ignoredLimitLine } from '../../words/none-limit-note.ts';
import { printable } from '../../words/printable.ts';
import { sizeSettingsLine } from '../../words/sizes.ts';
import { type Column, layOutTable } from '../layout/columns.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { plotLines } from './simulate-plot.ts';
import { startLines } from './simulate-start.ts';
import { steadyLines } from './simulate-steady.ts';
import { summaryLines } from './simulate-summary.ts';

/** Processes that are shown; the rest is counted. */
const ROWS = 8;

/** A simulation as a person reads it: plots, a summary, what it goes on to cost. */
export function simulateText(report: SimulationReport, readOn: ReadOn | undefined, style: Style): string {
  return [
    ...headLines(report, readOn, style),
    '',
    ...plotLines(report, style),
    '',
    ...startLines(report, style),
    ...summaryLines(report, style),
    ...steadyLines(report, style),
    ...processLines(report),
    ...report.log.map((line) => field('kernel log', line)),
    '',
  ].join('\n');
}

/** What ran: the title, then the kernel, the settings at the start, the costs and the seed, a line each. */
export function headLines(report: SimulationReport, readOn: ReadOn | undefined, style: Style): string[] {
  const { settings, geometry, model, seed, pagesToScan, scanSleepMs } = report;
  const { maxPtesNone, maxPtesSwap, maxPtesShared } = settings;
  const ignored = ignoredLimitLine({ orders: enabledSizes(settings), maxPtesNone, model }, geometry);
  const sleep = formatDuration(scanSleepMs * 1e6);
  const swap = report.swapSlots > 0 ? `, ${formatSize(report.swapSlots, geometry)} of swap` : '';
  const { algorithm } = report;
  const other = readOn && otherKernelLine(model, readOn, geometry);
  return [
    style.bold(printable(report.title)),
    `as ${kernelWords(model, readOn)} decides; enabled ${settings.enabled}, sizes: ${sizeSettingsLine(settings, geometry)}`,
    ...(algorithm === model.algorithm
      ? []
      : [`searched by ${printable(algorithm)} in place of ${model.algorithm}`]),
    `max_ptes_none ${maxPtesNone}, max_ptes_swap ${maxPtesSwap}, max_ptes_shared ${maxPtesShared}`,
    `pages_to_scan ${pagesToScan} every ${sleep}; ${formatSize(report.memoryPages, geometry)} of memory${swap}`,
    `costs of ${printable(report.calibration)}; seed ${seed}`,
    ...(ignored ? [style.warn(ignored)] : []),
    ...(other === undefined ? [] : [style.dim(`(${other})`)]),
  ];
}

/** Sizes that any memory may use. */
function enabledSizes({ sizes }: ThpSettings): OrderSet {
  return orderSet([...sizes].filter(([, word]) => word !== 'never').map(([order]) => order));
}

const PROCESS_COLUMNS: readonly Column[] = [
  { title: 'PROCESS', align: 'left' },
  { title: 'RSS', align: 'right' },
  { title: 'SWAP', align: 'right' },
];

/** The largest processes at the end, if there is more than one. */
function processLines({ processes, geometry }: SimulationReport): string[] {
  const living = processes.filter(({ exited }) => !exited).sort((a, b) => b.rssPages - a.rssPages);
  const gone = processes.length - living.length;
  if (processes.length < 2) return [];
  const rows = living
    .slice(0, ROWS)
    .map(({ name, rssPages, swapPages }) => [
      printable(name),
      formatSize(rssPages, geometry),
      formatSize(swapPages, geometry),
    ]);
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
