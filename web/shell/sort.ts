/** How a table is sorted: by a column, ascending or not. */
export interface Sort {
  readonly column: string;
  readonly descending: boolean;
}

/** `memory`, or `-memory` for the largest first; the fallback where the text names none of the columns. */
export function parseSort(text: string | undefined, columns: readonly string[], fallback: Sort): Sort {
  const descending = text?.startsWith('-') ?? false;
  const column = descending ? text?.slice(1) : text;
  return column !== undefined && columns.includes(column) ? { column, descending } : fallback;
}

export function formatSort({ column, descending }: Sort): string {
  return descending ? `-${column}` : column;
}

/** The rows in this order; equal ones stay as they are. */
export function sortRows<Row>(
  rows: readonly Row[],
  valueOf: (row: Row) => number | string,
  descending: boolean,
): Row[] {
  const sign = descending ? -1 : 1;
  return rows.toSorted((a, b) => sign * compare(valueOf(a), valueOf(b)));
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b), 'en');
}
