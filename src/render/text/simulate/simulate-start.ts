import { formatBytes } from '../../../core/base/bytes.ts';
import { formatDuration } from '../../../core/base/duration.ts';
import { plural } from '../../../core/base/plural.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { MemoryStart } from '../../../simulation/memory-start.ts';
import type { SimulationReport } from '../../../simulation/simulation-report.ts';
import { notCovered } from '../../words/not-covered.ts';
import { printable } from '../../words/printable.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';
import { wrap } from '../layout/wrap.ts';

/** Names and groups that are shown; the rest is counted. */
const ROWS = 4;
/** Writes to sysfs that are shown. */
const CHANGES = 12;
const VALUE_WIDTH = 64;

/** What the run began with, where it was memory of a source, and what was written to sysfs on the way. */
export function startLines(report: SimulationReport, style: Style): string[] {
  const { start, settingChanges } = report;
  return [
    ...(start ? [...paceLines(start), ...listLines(report, start, style), ...groupLines(start)] : []),
    ...(start ? sharedLines(report, start) : []),
    ...(start ? fieldLines('not covered', notCovered(start.otherBytes, report.processes.length)) : []),
    ...changeLines(settingChanges),
  ];
}

function changeLines(changes: SimulationReport['settingChanges']): string[] {
  const more = changes.length - CHANGES;
  return [
    ...changes
      .slice(0, CHANGES)
      .flatMap(({ at, file, value }, i) =>
        fieldLines(
          i === 0 ? 'settings' : '',
          `at ${formatDuration(at)}: ${file} = ${printable(value.trim())}`,
        ),
      ),
    ...(more > 0 ? fieldLines('', `and ${more} more`) : []),
  ];
}

function paceLines({ pace }: MemoryStart): string[] {
  if (!pace)
    return fieldLines('pace', "Linux's defaults: the source does not say how often khugepaged worked there");
  const sleep = formatDuration(pace.scanSleepMs * 1e6);
  return fieldLines(
    'pace',
    `of the machine that was read: pages_to_scan ${pace.pagesToScan} every ${sleep}, but for --set`,
  );
}

function listLines({ processes }: SimulationReport, start: MemoryStart, style: Style): string[] {
  const { registered, settingsKnown, unvisited } = start;
  const visited = processes.length - unvisited.length;
  const count = `${visited} of ${plural(processes.length, 'process', 'processes')} on khugepaged's list at the start`;
  if (registered !== 'auto') return fieldLines('list', `${count}, as --registered ${registered} says`);
  if (!settingsKnown) return fieldLines('list', `${count}: the settings in force there are not known`);
  if (unvisited.length === 0)
    return fieldLines(
      'list',
      `${count}, as the settings in force can have put ${visited === 1 ? 'it' : 'them'} there`,
    );
  const names = unvisited.slice(0, ROWS).map(printable).join(', ');
  const rest = unvisited.length > ROWS ? ` and ${unvisited.length - ROWS} more` : '';
  const it = unvisited.length === 1 ? 'it' : 'them';
  const why = `khugepaged does not visit ${names}${rest}: the settings in force cannot have put ${it} there, and sizes that are switched on later do not. As if started under these settings: --registered all`;
  return [...fieldLines('list', count), ...fieldLines('', why).map((line) => style.warn(line))];
}

function groupLines({ groups }: MemoryStart): string[] {
  const lines = groups
    .slice(0, ROWS)
    .map(
      ({ path, limitBytes, usedBytes }) =>
        `${printable(path)}: ${formatBytes(limitBytes)}, ${formatBytes(usedBytes)} used; what else is in it is taken to stay`,
    );
  if (groups.length > ROWS) lines.push(`and ${groups.length - ROWS} more`);
  return lines.flatMap((line, i) => fieldLines(i === 0 ? 'memory.max' : '', line));
}

function sharedLines({ geometry }: SimulationReport, { shared }: MemoryStart): string[] {
  const { inside, outside, unnamed } = shared;
  const size = (pages: number) => formatSize(pages, geometry);
  const sentences = [
    ...(inside > 0 ? [`${size(inside)} between these processes, each page once`] : []),
    ...(outside > 0 ? [`${size(outside)} with others: somebody who does nothing stands for them`] : []),
    ...(unnamed > 0
      ? [
          `${size(unnamed)} of pages are shared, and with whom is not known: each process has a copy, shared with somebody who does nothing. Memory counts pages that these processes share with each other more than once`,
        ]
      : []),
  ];
  return sentences.flatMap((each, i) => fieldLines(i === 0 ? 'shared' : '', each));
}

function fieldLines(name: string, value: string): string[] {
  return wrap(value, VALUE_WIDTH).map((line, i) => field(i === 0 ? name : '', line));
}
