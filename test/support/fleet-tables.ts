import { clickHouseTables } from '../../src/fleet/engines/clickhouse-tables.ts';
import type { FleetEngine } from '../../src/fleet/engines/engine.ts';
import type { ReadingRows, TableRow } from '../../src/fleet/reading.ts';
import { byTable, FLEET_TABLES, sqlName } from '../../src/fleet/tables.ts';
import type { ClickHouseCluster } from './clickhouse.ts';
import { valueOf } from './ranges.ts';

/**
 * Makes the tables of a dataset on both servers, in a database of each, and Distributed ones of their names
 * over them.
 */
export async function makeFleetTables({ servers }: ClickHouseCluster): Promise<void> {
  for (const server of servers) {
    await server.run('CREATE DATABASE own');
    for (const statement of clickHouseTables())
      await server.run(statement.replace('CREATE TABLE ', 'CREATE TABLE own.'));
    for (const { name } of FLEET_TABLES) {
      const table = sqlName(name);
      const distributed = `Distributed(fleet, own, ${table}, cityHash64(host))`;
      await server.run(`CREATE TABLE ${table} AS own.${table} ENGINE = ${distributed}`);
    }
  }
}

/** Puts readings into the servers, by turns. */
export async function insertReadings(
  { servers }: ClickHouseCluster,
  readings: readonly ReadingRows[],
): Promise<void> {
  for (const [i, rows] of readings.entries()) {
    for (const { name, columns } of FLEET_TABLES) {
      const names = columns.map((column) => column.name);
      const lines = rows[name].map((row) => names.map((each) => tabSeparated(row[each])).join('\t'));
      if (lines.length === 0) continue;
      const statement = `INSERT INTO own.${sqlName(name)} (${names.join(', ')}) FORMAT TabSeparated`;
      await servers[i % 2].run(statement, `${lines.join('\n')}\n`);
    }
  }
}

function tabSeparated(value: TableRow[string]): string {
  if (value === null) return '\\N';
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}

/** The readings behind an engine, in two parts: hosts by turns. */
export async function readingsBehind(engine: FleetEngine): Promise<ReadingRows[]> {
  const hosts = valueOf(await engine.query(`SELECT DISTINCT host FROM ${sqlName('hosts')} ORDER BY host`));
  const parts = [0, 1].map(() => byTable((): TableRow[] => []));
  for (const { name } of FLEET_TABLES) {
    for (const row of valueOf(await engine.query(`SELECT * FROM ${sqlName(name)}`)))
      parts[hosts.findIndex(({ host }) => host === row.host) % 2][name].push(row);
  }
  return parts;
}
