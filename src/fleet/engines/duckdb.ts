import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { sqlText } from '../sql-text.ts';
import { byTable, FLEET_TABLES, type FleetTable, type FleetTableName, sqlName } from '../tables.ts';
import type { FleetEngine, FleetRow } from './engine.ts';

/** Files of each table. */
export type TableFiles = Readonly<Record<FleetTableName, readonly string[]>>;

const MISSING =
  'DuckDB is not installed beside thpscope: npm install -g thpscope @duckdb/node-api brings both, or give --engine clickhouse --url URL';

/** What to say of files with other columns. */
const OTHER_VERSION =
  'if its columns are others, another version of thpscope wrote it: collect with this one, or ask with that';

/** Room for DuckDB besides our own: beyond it, it spills to a temporary folder. */
const MEMORY_LIMIT = '640MB';

/** Columns by which rows that are alike come to lie side by side. */
const SORTED_BY = ['class', 'service', 'command', 'c', 'k', 'block', 'state', 'host', 'read_at_ms'];

/** Copies the rows of files of a table into one file, sorted. */
export async function copyFiles(
  table: FleetTable,
  files: readonly string[],
  to: string,
): Promise<Result<void>> {
  const engine = await openDuckDb(byTable((name) => (name === table.name ? files : [])));
  if (!engine.ok) return engine;
  const order = SORTED_BY.filter((name) => table.columns.some((column) => column.name === name)).join(', ');
  const copied = await engine.value.query(
    `COPY (SELECT * FROM ${sqlName(table.name)} ORDER BY ${order}) TO ${sqlText(to)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  await engine.value.close();
  return copied.ok ? succeed(undefined) : copied;
}

/** DuckDB within this process, with the tables of these Parquet files. */
export async function openDuckDb(files: TableFiles): Promise<Result<FleetEngine>> {
  const duckdb = await import('@duckdb/node-api').catch(() => undefined);
  if (!duckdb) return fail('unsupported', MISSING);
  const instance = await duckdb.DuckDBInstance.create(':memory:', {
    memory_limit: MEMORY_LIMIT,
    preserve_insertion_order: 'false',
  });
  const connection = await instance.connect();
  const engine = new DuckDb(instance, connection);
  for (const table of FLEET_TABLES) {
    const made = await engine.query(viewOf(table, files[table.name]));
    if (!made.ok) {
      await engine.close();
      return fail('unreadable', `table ${table.name}: ${made.failure.message}; ${OTHER_VERSION}`);
    }
  }
  return succeed(engine);
}

function viewOf({ name, columns }: FleetTable, files: readonly string[]): string {
  const view = `CREATE VIEW ${sqlName(name)} AS SELECT`;
  if (files.length === 0)
    return `${view} ${columns.map((each) => `CAST(NULL AS ${each.type}) AS ${each.name}`).join(', ')} WHERE 1 = 0`;
  const list = files.map(sqlText).join(', ');
  const named = columns.map((each) => `"${each.name}"`).join(', ');
  return `${view} ${named} FROM read_parquet([${list}], hive_partitioning = false)`;
}

class DuckDb implements FleetEngine {
  readonly name = 'duckdb';
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  async query(sql: string): Promise<Result<readonly FleetRow[]>> {
    try {
      const result = await this.#connection.run(sql);
      const names = result.columnNames();
      const rows: FleetRow[] = [];
      for await (const chunk of result.yieldRows())
        for (const values of chunk)
          rows.push(Object.fromEntries(names.map((name, i) => [name, plainValue(values[i])])));
      return succeed(rows);
    } catch (error) {
      return fail('unreadable', `DuckDB: ${withAdvice(firstLine((error as Error).message))}`);
    }
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

function plainValue(value: unknown): string | number | null {
  if (value === null || typeof value === 'number' || typeof value === 'string') return value;
  if (typeof value !== 'bigint') return String(value);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new Error(`${value} is more than 2^53`);
  return Number(value);
}

/** What to do about a file that is cut off or none of ours. */
function withAdvice(message: string): string {
  if (/different schemas/.test(message)) return `${message.replace(/; if you.*$/i, '')}; ${OTHER_VERSION}`;
  if (!/magic bytes|too small to be a Parquet|Invalid Input Error: File|TProtocol/.test(message))
    return message;
  return `${message}; copy it anew, or move what has its name away from all tables: the rest counts`;
}

function firstLine(message: string): string {
  return message.split('\n', 1)[0];
}
