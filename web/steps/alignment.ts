import type { Visit } from '../../src/core/search/algorithm.ts';
import type { SearchRun } from './searches/run.ts';

/** What makes a row of two runs: the same number of steps, or of attempts. */
export type By = 'steps' | 'attempts';
export type Side = 'left' | 'right';

/** Two runs row by row, from row 1 on. */
export interface Alignment {
  readonly by: By;
  /** Whether it must be by attempts, because a run has no other steps. */
  readonly onlyAttempts: boolean;
  readonly left: SearchRun;
  readonly right: SearchRun;
  /** The last row is that of the results, if they differ. */
  readonly rows: number;
  readonly resultsDiffer: boolean;
  /** The first row whose windows or results differ. */
  readonly firstDifference: number | undefined;
}

export function align(left: SearchRun, right: SearchRun, asked: By): Alignment {
  const onlyAttempts = !left.reportsVisits || !right.reportsVisits;
  const by = onlyAttempts ? 'attempts' : asked;
  const length = (run: SearchRun) => (by === 'attempts' ? run.attempts.length : run.steps.length);
  const resultsDiffer = endOf(left) !== endOf(right);
  const rows = Math.max(length(left), length(right)) + (resultsDiffer ? 1 : 0);
  const aligned = { by, onlyAttempts, left, right, rows, resultsDiffer };
  return { ...aligned, firstDifference: firstDifferent(rows, (row) => sameRow(aligned, row)) };
}

/** Whether a row shows the results, after all steps of both sides. */
export function isResultRow(
  { rows, resultsDiffer }: Pick<Alignment, 'rows' | 'resultsDiffer'>,
  row: number,
): boolean {
  return resultsDiffer && row === rows;
}

function endOf({ plan, fault }: SearchRun): string | undefined {
  return fault ?? plan?.result;
}

type Rows = Pick<Alignment, 'by' | 'left' | 'right'>;

/** The step of a side in a row; undefined where that run has ended. */
export function stepAt(alignment: Rows, side: Side, row: number): number | undefined {
  const { steps, attempts } = alignment[side];
  if (row < 1) return undefined;
  if (alignment.by === 'attempts') return attempts[row - 1];
  return row <= steps.length ? row - 1 : undefined;
}

/** How many steps of a side are done once a row is. */
export function stepsDone(alignment: Rows, side: Side, row: number): number {
  const step = stepAt(alignment, side, row);
  return step === undefined ? alignment[side].steps.length : step + 1;
}

/** Whether both sides did the same in a row. */
export function sameRow(alignment: Rows & Pick<Alignment, 'rows' | 'resultsDiffer'>, row: number): boolean {
  if (isResultRow(alignment, row)) return false;
  const [a, b] = (['left', 'right'] as const).map((side) => {
    const step = stepAt(alignment, side, row);
    return step === undefined ? undefined : alignment[side].steps[step];
  });
  return a === undefined || b === undefined ? a === b : sameVisit(a, b);
}

function sameVisit(a: Visit, b: Visit): boolean {
  return a.offset === b.offset && a.order === b.order && a.result === b.result && a.enabled === b.enabled;
}

/**
 * The row of the same place under another alignment: where the left run is, or the right one if that has
 * ended.
 */
export function rowUnder(from: Alignment, row: number, by: By): number {
  const side = stepAt(from, 'left', row) === undefined ? 'right' : 'left';
  const done = stepsDone(from, side, row);
  if (by === 'steps') return Math.max(1, done);
  return Math.max(1, from[side].attempts.filter((step) => step < done).length);
}

/** What two runs have in common, in words. */
export function alignmentText({ left, right, by, firstDifference, resultsDiffer, rows }: Alignment): string {
  const { firstDifference: attempt, rows: attempts } = align(left, right, 'attempts');
  if (attempt !== undefined && !(resultsDiffer && attempt === attempts))
    return `attempts differ from number ${attempt} on`;
  if (resultsDiffer) return firstDifference === rows ? 'the results differ' : 'same attempts, other result';
  if (firstDifference !== undefined) return `same attempts; steps differ from ${firstDifference} on`;
  return by === 'steps' ? 'same steps' : 'same attempts';
}

function firstDifferent(rows: number, same: (row: number) => boolean): number | undefined {
  for (let row = 1; row <= rows; row++) if (!same(row)) return row;
  return undefined;
}
