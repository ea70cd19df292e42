import { formatDuration } from '../../../core/base/duration.ts';
import { grouped, plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import { formatOrder } from '../../../core/memory/order.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import type { ScanResult } from '../../../core/rules/scan-result.ts';
import type { SimulationReport } from '../../../simulation/simulation-report.ts';
import { RESULT_MEANINGS } from '../../words/explain/reasons.ts';
import { printable } from '../../words/printable.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { wrap } from '../layout/wrap.ts';

/** Who waited: so many are shown, the rest is counted. */
const ROWS = 8;
/** Characters of a value, so that its line fits 80. */
const VALUE_WIDTH = 64;

/** What came of a simulation, one fact a line. */
export function summaryLines(report: SimulationReport, style: Style): string[] {
  const { geometry, samples, ranNs } = report;
  const last = samples[samples.length - 1];
  const { collapses, attempts, copiedPages, cpuNs } = last;
  return [
    field(...endingOf(report, style)),
    field('full scans', `${grouped(report.passes)} in ${formatDuration(ranNs)}`),
    field('RSS', rssLine(report, style)),
    field('memory', memoryLine(report)),
    ...cacheLines(report, style),
    field(
      'work',
      `${plural(collapses, 'collapse')} in ${plural(attempts, 'attempt')}, ${formatSize(copiedPages, geometry)} copied`,
    ),
    ...failureLines(report),
    field('CPU', cpuLine(cpuNs, ranNs)),
    ...writeLockLines(report),
    ...waitLines(report),
    ...creepLines(report, style),
    ...incidentLines(report, style),
  ];
}

/** A share of one CPU needs a time in which khugepaged slept as well. */
function cpuLine(cpuNs: number, ranNs: number): string {
  const cpu = `${formatDuration(cpuNs)} of khugepaged`;
  return cpuNs < ranNs ? `${cpu}, ${share(cpuNs, ranNs)} of one CPU` : cpu;
}

function endingOf({ ending, convergedNs, ranNs, samples }: SimulationReport, style: Style): [string, string] {
  const ran = formatDuration(ranNs);
  const nothing = samples[samples.length - 1].collapses === 0;
  const when = nothing ? 'nothing ever collapsed' : `last collapse at ${formatDuration(convergedNs)}`;
  switch (ending) {
    case 'settled':
      return ['settled', style.good(`${when}, nothing changes since`)];
    case 'time':
      return ['stopped', `after ${ran}; ${when}`];
    case 'unsettled':
      return ['not settled', style.warn(`after ${ran}: memory goes on changing`)];
  }
}

/**
 * RSS at the beginning, at its highest, at its lowest after that, and at the end, and what khugepaged added.
 */
function rssLine({ samples, geometry }: SimulationReport, style: Style): string {
  const rss = samples.map(({ rssPages }) => rssPages);
  const highest = Math.max(...rss);
  const lowest = Math.min(...rss.slice(rss.indexOf(highest)));
  const stations = [rss[0], highest, lowest, rss[rss.length - 1]].map((pages) => formatSize(pages, geometry));
  const { filledPages, swappedInPages } = samples[samples.length - 1];
  const filled =
    filledPages > 0
      ? style.warn(`; khugepaged filled ${formatSize(filledPages, geometry)} of holes`)
      : '; no hole filled';
  const swapped = swappedInPages > 0 ? `, and swapped ${formatSize(swappedInPages, geometry)} in` : '';
  return `${stations.filter((text, i) => text !== stations[i - 1]).join(' -> ')}${filled}${swapped}`;
}

/**
 * What anonymous folios take: less than RSS where they are shared, more where parts of them are mapped no
 * more.
 */
function memoryLine({ samples, geometry }: SimulationReport): string {
  const folios = samples.map(({ pagesByOrder }) => sum(pagesByOrder));
  return `${formatSize(folios[folios.length - 1], geometry)} in folios at the end, ${formatSize(Math.max(...folios), geometry)} at most (shared ones once)`;
}

/** The page cache of files and shared memory: it is no process's, and once there for all. */
function cacheLines({ samples, geometry }: SimulationReport, style: Style): string[] {
  const cache = samples.map(({ cachePages }) => cachePages);
  const most = Math.max(...cache);
  if (most === 0) return [];
  const size = (pages: number) => formatSize(pages, geometry);
  const last = samples[samples.length - 1];
  const stations = [cache[0], most, last.cachePages].map(size).filter((text, i, all) => text !== all[i - 1]);
  const { cacheFilledPages } = last;
  const filled =
    cacheFilledPages > 0
      ? style.warn(`; khugepaged filled ${size(cacheFilledPages)} of holes`)
      : '; no hole filled';
  return [
    field('page cache', `${stations.join(' -> ')}${filled}`),
    field('', `${size(last.cacheHugePages)} of it in folios of the PMD size at the end`),
  ];
}

/** Why attempts failed, and why ranges were not even attempted. */
function failureLines({ samples, scans, model }: SimulationReport): string[] {
  const { failures } = samples[samples.length - 1];
  const attempts = Object.entries(failures) as [ScanResult, number][];
  const unattempted = [...scans].filter(
    ([result]) => !UNREMARKABLE.includes(result) && failures[result] === undefined,
  );
  return [...linesOf('failed', 'attempt', attempts), ...linesOf('unchanged', 'range scan', unattempted)];

  function linesOf(label: string, what: string, counts: readonly [ScanResult, number][]): string[] {
    return counts
      .toSorted(([, a], [, b]) => b - a)
      .flatMap(([result, count]) => {
        const meaning = `${plural(count, what)}: ${RESULT_MEANINGS[result]}`;
        return wrap(`${meaning} (${resultName(result, model)})`, VALUE_WIDTH);
      })
      .map((line, i) => field(i === 0 ? label : '', line));
  }
}

const UNREMARKABLE: readonly ScanResult[] = ['SCAN_SUCCEED', 'SCAN_PMD_MAPPED', 'SCAN_NO_PTE_TABLE'];

function writeLockLines({ samples }: SimulationReport): string[] {
  const { count, totalNs, longestNs } = samples[samples.length - 1].writeLock;
  if (count === 0) return [field('write lock', 'never held')];
  return [
    field(
      'write lock',
      `mmap lock held for write ${plural(count, 'time')}, ${formatDuration(totalNs)} together,`,
    ),
    field('', `${formatDuration(longestNs)} at the longest`),
  ];
}

function waitLines({ waits }: SimulationReport): string[] {
  const rows = [...waits].sort(([, a], [, b]) => b.totalNs - a.totalNs);
  const lines = rows
    .slice(0, ROWS)
    .flatMap(([who, { count, totalNs, longestNs }], i) => [
      field(
        i === 0 ? 'waits' : '',
        `${printable(who)}: ${plural(count, 'time')}, ${formatDuration(totalNs)} together,`,
      ),
      field('', `${formatDuration(longestNs)} at the longest`),
    ]);
  if (rows.length > ROWS) lines.push(field('', `and ${plural(rows.length - ROWS, 'other')}`));
  return lines;
}

function creepLines({ creep, geometry }: SimulationReport, style: Style): string[] {
  const { worst, ranges, recopiedPages } = creep;
  if (!worst) return [];
  const size = formatSize(recopiedPages, geometry);
  const steps = worst.steps.map(({ order }) => formatOrder(order, geometry)).join(' -> ');
  const passes = worst.steps[worst.steps.length - 1].pass - worst.steps[0].pass + 1;
  return [
    field('creep', style.warn(`${plural(ranges, 'PMD range')} climbed pass by pass; ${size} copied again`)),
    field('', `0x${worst.address.toString(16)}: ${steps},`),
    field('', `in ${plural(passes, 'pass', 'passes')}`),
  ];
}

function incidentLines({ incidents }: SimulationReport, style: Style): string[] {
  return incidents.map(({ at, process, what, stop, times }) => {
    const again = times > 1 ? `, and ${plural(times - 1, 'time')} more` : '';
    const why = stop === 'oom' ? '' : ` (${stop})`;
    const text = `${printable(process)} could not ${printable(what)} at ${formatDuration(at)}${why}${again}`;
    return field(stop === 'oom' ? 'out of memory' : 'stopped', style.bad(text));
  });
}

function share(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return percent > 0 && percent < 0.001 ? 'less than 0.001%' : `${Number(percent.toPrecision(2))}%`;
}
