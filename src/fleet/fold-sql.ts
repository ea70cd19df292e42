import { ANY_COLUMNS, type CountedTable, FULL_COLUMNS, OPEN_COLUMNS, sqlName, tableNamed } from './tables.ts';

/** What processes are added up by; nothing adds up all. */
export type FoldKey = 'service' | 'command' | 'host' | 'kernel' | 'date' | 'pid' | 'start_time';

/** Which rows of every table are added up, and by what. */
export interface FoldQuestion {
  readonly by: readonly FoldKey[];
  /** A condition on the columns that all tables have. */
  readonly where: string;
}

/** Columns of `processes` whose sum is known only where all are. */
const UNKNOWABLE = ['other_pages', 'unchecked_pages'];

/**
 * The statements that add digests up, one for each table: the same text for every engine. What it must avoid
 * is in docs/fleet.md#sql. Sums of counts are counts: `digestOfParts` reads the rows.
 */
export function foldStatements(question: FoldQuestion): Readonly<Record<CountedTable, string>> {
  const add = (table: CountedTable, keys: readonly string[], values: readonly string[]) =>
    adding(question, table, keys, values);
  return {
    processes: add(
      'processes',
      ['assumed'],
      [
        'COUNT(*) AS processes',
        'MIN(cgroup) AS cgroup',
        ...sums(['ranges', 'resident_pages', 'huge_pages', 'pmd_mapped_pages', 'saved_entries']),
        ...UNKNOWABLE.flatMap((column) => [
          `SUM(${column}) AS ${column}`,
          `SUM(${column}_missing) AS ${column}_unknown`,
        ]),
        'MIN(knows_restart) AS knows_restart',
      ],
    ),
    limits: add('limits', [], ['COUNT(*) AS limits']),
    refused: add('refused', ['reason'], sums(['ranges', 'pages'])),
    rows: add('rows', ['class', 'c'], sums(['ranges', ...FULL_COLUMNS])),
    any: add('any', ['class', 'k'], sums(['windows', 'held', 'held_pages', 'large_pages', 'saved'])),
    folios: add('folios', ['class', 'c', 'j', 'k'], sums(['held', 'large', 'saved'])),
    edges: add('edges', ['class', 'block'], sums(['touched', ...ANY_COLUMNS, 'folio_pages', 'shared_pages'])),
    blocked: add(
      'blocked',
      ['class', 'c', 's', 'u'],
      sums(['ranges', 'large_pages', 'saved', ...FULL_COLUMNS, ...OPEN_COLUMNS]),
    ),
    open: add('open', ['class', 's', 'u', 'j'], sums(['pages', ...ANY_COLUMNS])),
    apart: add('apart', ['class', 'state'], sums(['ranges'])),
  };
}

function adding(
  { by, where }: FoldQuestion,
  table: CountedTable,
  keys: readonly string[],
  values: readonly string[],
): string {
  const columns = [...by, ...keys];
  const list = columns.join(', ');
  // In one order, whatever files and threads the rows come from: so that an answer is always the same.
  const grouped = columns.length === 0 ? '' : ` GROUP BY ${list} ORDER BY ${list}`;
  // Conditions are innermost: some engines take the name of a sum in them for the sum.
  return `SELECT ${[...columns, ...values].join(', ')} FROM (SELECT ${columnsOf(table)} FROM ${sqlName(table)} WHERE ${where}) AS asked${grouped}`;
}

function columnsOf(table: CountedTable): string {
  return [
    ...tableNamed(table).columns.map(({ name }) => name),
    // Named here: beside SUM(x) AS x, some engines take x for the sum.
    ...(table === 'processes' ? UNKNOWABLE : []).map(
      (name) => `CASE WHEN ${name} IS NULL THEN 1 ELSE 0 END AS ${name}_missing`,
    ),
  ].join(', ');
}

function sums(columns: readonly string[]): string[] {
  return columns.map((column) => `SUM(${column}) AS ${column}`);
}
