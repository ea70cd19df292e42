import type { MemoryDifference, ProcessDifference } from '../../analysis/difference/memory-difference.ts';
import type { PageChanges } from '../../analysis/difference/page-changes.ts';
import { serviceDifferences } from '../../analysis/difference/service-difference.ts';
import { sum } from '../../core/base/sum.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { csvCell, ORIGIN_COLUMNS } from './origin.ts';

export const CHANGE_COLUMNS: readonly [name: string, pages: (changes: PageChanges) => number][] = [
  ['resident_before', ({ before }) => sum(before)],
  ['resident_after', ({ after }) => sum(after)],
  ['huge_before', ({ before }) => sum(before.slice(1))],
  ['huge_after', ({ after }) => sum(after.slice(1))],
  ['collapsed', ({ collapsed }) => sum(collapsed)],
  ['filled', ({ filled }) => filled],
  ['split', ({ split }) => split],
  ['touched', ({ touched }) => touched],
  ['freed', ({ freed }) => freed],
  ['swapped_in', ({ swappedIn }) => swappedIn],
  ['swapped_out', ({ swappedOut }) => swappedOut],
  ['unseen', ({ unseen }) => unseen],
];

/**
 * A row a process, and with `vmas` one for each of its VMAs after it, whose `vma` is not empty. Sizes are
 * bytes. Every row ends with the cells of `origin`: see `originCells`.
 */
export function diffCsv({ processes, geometry }: MemoryDifference, vmas: boolean, origin: string): string {
  const sizes = (changes: PageChanges) => sizeCells(changes, geometry);
  const head = ['pid_before', 'pid_after', 'command', 'vma', 'vma_name'];
  const rows = processes.flatMap((process) => [
    [...nameCells(process), '', '', ...sizes(process.changes), origin],
    ...(vmas ? process.vmas : []).map(({ vma, changes }) => [
      ...nameCells(process),
      `${vma.start.toString(16)}-${vma.end.toString(16)}`,
      csvCell(vma.name),
      ...sizes(changes),
      origin,
    ]),
  ]);
  return csvOf(head, rows);
}

/** A row a service, as `diffCsv` has one a process. */
export function serviceCsv({ processes, geometry }: MemoryDifference, origin: string): string {
  const rows = serviceDifferences(processes, geometry).map(({ name, before, after, changes }) => [
    csvCell(name),
    before,
    after,
    ...sizeCells(changes, geometry),
    origin,
  ]);
  return csvOf(['service', 'processes_before', 'processes_after'], rows);
}

function sizeCells(changes: PageChanges, geometry: Geometry): number[] {
  return CHANGE_COLUMNS.map(([, pages]) => pages(changes) * pageBytes(geometry));
}

function csvOf(head: readonly string[], rows: readonly (readonly (string | number)[])[]): string {
  const names = CHANGE_COLUMNS.map(([name]) => `${name}_bytes`);
  return `${[[...head, ...names, ORIGIN_COLUMNS], ...rows].map((cells) => cells.join(',')).join('\n')}\n`;
}

function nameCells({ before, after }: ProcessDifference): (string | number)[] {
  return [before?.pid ?? '', after?.pid ?? '', csvCell((after ?? before)?.command ?? '')];
}
