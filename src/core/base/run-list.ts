/** Neighbours in a list. */
export interface Run<T> {
  readonly first: T;
  last: T;
}

/**
 * Ascending values as runs: a value joins the run before it where `follows` holds for the end of that run and
 * the value.
 */
export function runsOf<T>(values: Iterable<T>, follows: (last: T, next: T) => boolean): Run<T>[] {
  const runs: Run<T>[] = [];
  for (const value of values) {
    const run = runs.at(-1);
    if (run && follows(run.last, value)) run.last = value;
    else runs.push({ first: value, last: value });
  }
  return runs;
}

/** Ascending whole numbers as runs of neighbours: 2-4 and 9. */
export function numberRuns<N extends number>(numbers: Iterable<N>): Run<N>[] {
  return runsOf(numbers, (last, next) => next === last + 1);
}

/** A run as "2-4", or as "9" where it has one value. */
export function formatRun<T>({ first, last }: Run<T>, format: (value: T) => string = String): string {
  return first === last ? format(first) : `${format(first)}-${format(last)}`;
}

/** Ascending whole numbers as a list of runs, "2-4,9"; "" of none. */
export function runList(numbers: Iterable<number>): string {
  return numberRuns(numbers)
    .map((run) => formatRun(run))
    .join(',');
}
