import { PROBE_GEOMETRY } from '../../conform/probe/probe-batch.ts';
import type { SharedFile } from '../../conform/shared-programs/outcome.ts';
import type { FileRss, SharedCase } from '../../conform/shared-programs/suite.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';

const COLUMNS = [
  ...['PROGRAM', 'CHANGE', 'FILE'].map((title) => ({ title, align: 'left' as const })),
  ...['CACHED', 'PREDICTED', 'REAL', 'GROWTH', 'REAL', 'RSS FALLS BY', 'REAL'].map((title) => ({
    title,
    align: 'right' as const,
  })),
  { title: 'OUTCOME', align: 'left' as const },
];

/**
 * Files of each program that are predicted or that something happened to: PMD ranges that collapse, and what
 * that changes, predicted and real.
 */
export function sharedProgramsTable(cases: readonly SharedCase[]): string[] {
  return layOutTable(
    COLUMNS,
    cases.flatMap((each) => each.files.filter(isOfNote).map((file) => rowOf(each, file))),
  );
}

function isOfNote({ predicted, outcome, real, name }: SharedFile): boolean {
  return outcome !== 'agrees' || (predicted?.collapses ?? 0) > 0 || real.collapses > 0 || isShared(name);
}

/** Whether it has no name in a folder: shared memory itself. */
function isShared(name: string): boolean {
  return /^\/(dev\/zero|SYSV|memfd:)/.test(name);
}

function rowOf(
  { program, change }: SharedCase,
  { name, predicted, real, outcome, because }: SharedFile,
): string[] {
  const pages = (count: number | undefined) => formatSize(count ?? 0, PROBE_GEOMETRY);
  return [
    program,
    change,
    name.replace(/ \(deleted\)$/, ''),
    pages(real.cachedPages),
    ...[predicted?.collapses ?? 0, real.collapses].map(String),
    pages(predicted?.growthPages),
    pages(real.growthPages),
    pages(predicted?.unmappedPages),
    pages(real.unmappedPages),
    because === undefined ? outcome : `${outcome}: ${because}`,
  ];
}

/** Where a case is not as was predicted, and what its processes have mapped of files meanwhile. */
export function describeDifferences(each: SharedCase): string[] {
  const { program, change, files, before, after, touched } = each;
  const rss = ({ rssBytes, pmdMappedBytes }: FileRss) =>
    `${formatBytes(rssBytes)} (${formatBytes(pmdMappedBytes)} by PMDs)`;
  const different = files.filter(({ outcome }) => outcome === 'unexplained');
  return [
    [
      `${program}, ${change}: RSS of files ${rss(before)}, then ${rss(after)}`,
      touched ? `, used again ${rss(touched)}` : '',
      `; Shmem grows by ${formatBytes(each.shmemGrowth)}`,
    ].join(''),
    ...different.map(({ name, differences }) => `  ${name}: ${differences.join('; ')}`),
    ...each.unread.map(({ name, why }) => `  ${name} could not be read: ${why}`),
  ];
}
