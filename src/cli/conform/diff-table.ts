import type { DiffCase } from '../../conform/diff/diff-suite.ts';
import { PROBE_GEOMETRY } from '../../conform/probe/probe-batch.ts';
import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';

const COLUMNS = [
  { title: 'PROGRAM', align: 'left' as const },
  { title: 'CHANGE', align: 'left' as const },
  ...['ROUNDS', 'PREDICTED', 'CAME TRUE', 'OTHERWISE', 'UNEXPLAINED'].map((title) => ({
    title,
    align: 'right' as const,
  })),
  { title: 'WHY', align: 'left' as const },
];

/** What was said of each program and what happened, with the reasons of diff. */
export function diffTable(cases: readonly DiffCase[]): string[] {
  return layOutTable(COLUMNS, cases.map(rowOf));
}

function rowOf(each: DiffCase): string[] {
  const size = (pages: number) => formatSize(pages, PROBE_GEOMETRY);
  const { program, change, fullScans, predicted, happened, unforeseenPages } = each;
  return [
    program,
    change,
    String(fullScans),
    size(predicted.pages),
    size(happened.pages),
    size(predicted.pages - happened.pages),
    size(sum(Object.values(each.unexplainedPages))),
    reasonsOf(each)
      .map(([reason, pages]) => `${reason} ${size(pages)}`)
      .concat(
        Object.entries(unforeseenPages)
          .filter(([, pages]) => pages > 0)
          .map(([reason, pages]) => `besides ${reason} ${size(pages)}`),
      )
      .join(', '),
  ];
}

/** "refused: SCAN_PAGE_LOCK" and the like, with pages. */
function reasonsOf({ missed, refused }: DiffCase): (readonly [reason: string, pages: number])[] {
  return [
    ...Object.entries(missed).filter(([miss]) => miss !== 'refused'),
    ...Object.entries(refused).map(([refusal, windows]) => [`refused: ${refusal}`, windows] as const),
  ]
    .map(([reason, { pages }]) => [reason, pages] as const)
    .filter(([, pages]) => pages > 0);
}
