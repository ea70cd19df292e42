const HEIGHTS = '▁▂▃▄▅▆▇█';
const NOTHING = '·';

/**
 * Values as a line of columns one character wide; `highest` has full height. Nothing at all is a dot, so that
 * it can be told from a little.
 */
export function sparkline(values: readonly number[], highest = Math.max(...values)): string {
  return values
    .map((value) => {
      if (value <= 0 || highest <= 0) return NOTHING;
      return HEIGHTS[
        Math.max(0, Math.min(HEIGHTS.length, Math.ceil((value / highest) * HEIGHTS.length)) - 1)
      ];
    })
    .join('');
}

/** A value at a time. */
export interface Point {
  readonly at: number;
  readonly value: number;
}

/**
 * The value at the end of each of so many equal parts of the time from 0 to `end`; points are in the order of
 * time.
 */
export function levels(points: readonly Point[], end: number, columns: number): number[] {
  const result: number[] = [];
  let next = 0;
  let value = points.length > 0 ? points[0].value : 0;
  for (let column = 1; column <= columns; column++) {
    const until = column === columns ? end : (end * column) / columns;
    while (next < points.length && points[next].at <= until) value = points[next++].value;
    result.push(value);
  }
  return result;
}

/** How much a value that only grows has grown in each part of the time. */
export function growth(points: readonly Point[], end: number, columns: number): number[] {
  const ends = levels(points, end, columns);
  return ends.map((value, i) => value - (i === 0 ? 0 : ends[i - 1]));
}
