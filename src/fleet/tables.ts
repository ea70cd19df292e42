import { MAX_PMD_ORDER } from '../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../core/memory/order.ts';

/** Raised when readers of the version before would misread a dataset. */
export const DATASET_VERSION = 1;

/** Whole numbers up to 2^53, or text: what every SQL engine has alike. */
type ColumnType = 'BIGINT' | 'VARCHAR';

interface TableColumn {
  readonly name: string;
  readonly type: ColumnType;
  /** Unknown is not false: these may be null. */
  readonly nullable?: true;
}

/** A folder of a dataset, and the table of SQL engines with its rows. */
export interface FleetTable {
  readonly name: FleetTableName;
  readonly columns: readonly TableColumn[];
}

const bigint = (...names: readonly string[]): TableColumn[] =>
  names.map((name) => ({ name, type: 'BIGINT' }));
const varchar = (...names: readonly string[]): TableColumn[] =>
  names.map((name) => ({ name, type: 'VARCHAR' }));
const unknowable = (columns: readonly TableColumn[]): TableColumn[] =>
  columns.map((column) => ({ ...column, nullable: true }));

/** One number an order, from the smallest of mTHPs on: `full_2` to `full_12`. */
function byOrder(prefix: string, largest: number): string[] {
  return Array.from({ length: largest - MIN_ANON_ORDER + 1 }, (_, i) => `${prefix}_${MIN_ANON_ORDER + i}`);
}

/** Full windows below the PMD order. */
export const FULL_COLUMNS: readonly string[] = byOrder('full', MAX_PMD_ORDER - 1);
/** Of these, in ranges with shared pages or swap entries, the open ones. */
export const OPEN_COLUMNS: readonly string[] = byOrder('open', MAX_PMD_ORDER - 1);
/** Windows with a touched page in blocks of a VMA, up to those of the PMD order. */
export const ANY_COLUMNS: readonly string[] = byOrder('any', MAX_PMD_ORDER);

/** Whose reading a row is of: in every table. */
const READING_COLUMNS: readonly TableColumn[] = [
  ...varchar('date', 'host', 'boot_id'),
  ...bigint('read_at_ms'),
  ...varchar('kernel'),
  ...bigint('page_shift', 'pmd_order'),
  ...varchar('labels'),
];

const PROCESS_COLUMNS: readonly TableColumn[] = [
  ...bigint('pid', 'start_time'),
  ...varchar('service', 'command'),
];

/** Tables whose rows a reading has any number of; `hosts` says how many. */
export const COUNTED_TABLES = [
  'processes',
  'limits',
  'refused',
  'rows',
  'any',
  'folios',
  'edges',
  'blocked',
  'open',
  'apart',
] as const;
export type CountedTable = (typeof COUNTED_TABLES)[number];
export type FleetTableName = 'hosts' | CountedTable;

const OWN_COLUMNS: Readonly<Record<CountedTable, readonly TableColumn[]>> = {
  processes: [
    ...varchar('cgroup'),
    ...unknowable(bigint('thp_disabled', 'is_registered')),
    ...bigint('ranges', 'resident_pages', 'huge_pages', 'pmd_mapped_pages', 'saved_entries'),
    ...unknowable(bigint('other_pages', 'unchecked_pages')),
    ...bigint('knows_restart'),
    ...varchar('assumed'),
    ...unknowable(bigint('pinned_bytes', 'ksm_bytes')),
  ],
  limits: [...varchar('path'), ...bigint('limit_bytes', 'used_bytes')],
  refused: [...varchar('reason'), ...bigint('ranges', 'pages')],
  rows: [...varchar('class'), ...bigint('c', 'ranges', ...FULL_COLUMNS)],
  any: [...varchar('class'), ...bigint('k', 'windows', 'held', 'held_pages', 'large_pages', 'saved')],
  folios: [...varchar('class'), ...bigint('c', 'j', 'k', 'held', 'large', 'saved')],
  edges: [...varchar('class'), ...bigint('block', 'touched', ...ANY_COLUMNS, 'folio_pages', 'shared_pages')],
  blocked: [
    ...varchar('class'),
    ...bigint('c', 's', 'u', 'ranges', 'large_pages', 'saved', ...FULL_COLUMNS, ...OPEN_COLUMNS),
  ],
  open: [...varchar('class'), ...bigint('s', 'u', 'j', 'pages', ...ANY_COLUMNS)],
  apart: [...varchar('class', 'state'), ...bigint('ranges')],
};

const HOST_COLUMNS: readonly TableColumn[] = [
  ...bigint('dataset_version'),
  ...varchar('facts', 'cpu', 'enabled'),
  ...unknowable(bigint('max_ptes_none')),
  ...unknowable(bigint('mem_total_bytes', 'mem_available_bytes', 'booted_at_ms')),
  ...bigint('reach_pages', 'skipped'),
  ...varchar('notes'),
  ...bigint(...COUNTED_TABLES.map(countColumn)),
];

/** The column of `hosts` that says how many rows a reading has in a table. */
export function countColumn(table: CountedTable): string {
  return `${table}_rows`;
}

export const FLEET_TABLES: readonly FleetTable[] = [
  { name: 'hosts', columns: [...READING_COLUMNS, ...HOST_COLUMNS] },
  ...COUNTED_TABLES.map((name) => ({
    name,
    columns: [...READING_COLUMNS, ...PROCESS_COLUMNS, ...OWN_COLUMNS[name]],
  })),
];

export function tableNamed(table: FleetTableName): FleetTable {
  const found = FLEET_TABLES.find(({ name }) => name === table);
  if (!found) throw new Error(`bug: no table ${table}`);
  return found;
}

/** What a table is called in SQL: `rows` and `any` alone are words of the language. */
export function sqlName(table: FleetTableName): string {
  return `thp_${table}`;
}

/** No rows of each table that a reading has any number of. */
export function noRows<T>(): Record<CountedTable, T[]> {
  return byTable((): T[] => []);
}

/** Something for each table. */
export function byTable<T>(of: (table: FleetTableName) => T): Record<FleetTableName, T> {
  const entries = FLEET_TABLES.map(({ name }) => [name, of(name)] as const);
  return Object.fromEntries(entries) as Record<FleetTableName, T>;
}

/** The statements that make the tables, for engines that have their own. */
export function createStatements(): string[] {
  return FLEET_TABLES.map(({ name, columns }) => {
    const list = columns.map((each) => `${each.name} ${each.type}${each.nullable ? '' : ' NOT NULL'}`);
    return `CREATE TABLE ${sqlName(name)} (${list.join(', ')})`;
  });
}
