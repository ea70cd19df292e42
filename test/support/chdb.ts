import { readClickHouseAnswer } from '../../src/fleet/engines/clickhouse-answer.ts';
import { clickHouseColumns } from '../../src/fleet/engines/clickhouse-tables.ts';
import { clickHouseText } from '../../src/fleet/engines/clickhouse-text.ts';
import type { FleetEngine } from '../../src/fleet/engines/engine.ts';
import { FLEET_TABLES, type FleetTableName, sqlName } from '../../src/fleet/tables.ts';

/** What of chdb is used: it is no dependency, see scripts/install-chdb.sh. */
interface Chdb {
  Session: new () => {
    queryAsync(sql: string, options: { format: string }): Promise<{ text(): string }>;
    close(): void;
  };
  drainPending(): Promise<void>;
}
const NAME: string = 'chdb';

/**
 * Where the files of a table are: `file('…'`, or another table function of ClickHouse, but for format and
 * columns.
 */
export type TableSource = (table: FleetTableName) => string;

/**
 * A new ClickHouse within this process, once for each source: a process can have one session. None where it
 * does not run.
 */
export async function startChdb(sources: Readonly<Record<string, TableSource>>): Promise<FleetEngine[]> {
  const chdb: Chdb | undefined = await import(NAME).catch(() => undefined);
  if (!chdb) return [];
  const session = new chdb.Session();
  const run = (sql: string) => session.queryAsync(sql, { format: 'JSONCompact' });
  await run('SET output_format_json_quote_64bit_integers = 1');
  for (const [database, sourceOf] of Object.entries(sources)) {
    await run(`CREATE DATABASE ${database}`);
    for (const table of FLEET_TABLES) {
      const source = `${sourceOf(table.name)}, Parquet, '${clickHouseColumns(table)}')`;
      await run(`CREATE VIEW ${database}.${sqlName(table.name)} AS SELECT * FROM ${source}`);
    }
  }
  return Object.keys(sources).map((database) => ({
    name: `chdb ${database}`,
    query: async (sql) => {
      await run(`USE ${database}`);
      return readClickHouseAnswer((await run(clickHouseText(sql))).text());
    },
    close: async () => {
      session.close();
      await chdb.drainPending();
    },
  }));
}
