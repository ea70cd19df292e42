import type { RestartCase } from '../../conform/restart/restart-suite.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { layOutTable } from '../../render/text/layout/columns.ts';

const COLUMNS = [
  { title: 'PROGRAM', align: 'left' as const },
  { title: 'SIZES', align: 'left' as const },
  { title: 'TOUCHED', align: 'right' as const },
  { title: 'PREDICTED', align: 'right' as const },
  { title: 'REAL', align: 'right' as const },
  { title: 'ERROR', align: 'right' as const },
];

/**
 * Anonymous memory of each program by policy; the error is that of the prediction, in percent of the real.
 */
export function restartTable(cases: readonly RestartCase[]): string[] {
  return layOutTable(
    COLUMNS,
    cases.map(({ program, policy, touched, predicted, real }) => [
      program,
      policy,
      ...[touched, predicted, real].map((bytes) => formatBytes(bytes)),
      `${predicted < real ? '' : '+'}${((predicted / real - 1) * 100).toFixed(1)}%`,
    ]),
  );
}
