import type { ReadingRows, TableRow } from '../../src/fleet/reading.ts';
import { FLEET_TABLES, type FleetTable, sqlName, type TableColumn } from '../../src/fleet/tables.ts';
import type { ClickHouseCluster } from './clickhouse.ts';

/** Makes the tables of a dataset on both servers: those of a server, and over them Distributed ones. */
export async function makeFleetTables({ servers }: ClickHouseCluster): Promise<void> {
  for (const server of servers) {
    for (const table of FLEET_TABLES) {
      const own = `${sqlName(table.name)}_local`;
      await server.run(
        `CREATE TABLE ${own} (${clickHouseColumns(table)}) ENGINE = MergeTree ORDER BY (date, host)`,
      );
      const distributed = `Distributed(fleet, default, ${own}, cityHash64(host))`;
      await server.run(`CREATE TABLE ${sqlName(table.name)} AS ${own} ENGINE = ${distributed}`);
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
      const statement = `INSERT INTO ${sqlName(name)}_local (${names.join(', ')}) FORMAT TabSeparated`;
      await servers[i % 2].run(statement, `${lines.join('\n')}\n`);
    }
  }
}

/** The columns of a table as ClickHouse declares them. */
export function clickHouseColumns({ columns }: FleetTable): string {
  return columns.map((column) => `${column.name} ${typeOf(column)}`).join(', ');
}

function typeOf({ type, nullable }: TableColumn): string {
  const plain = type === 'BIGINT' ? 'Int64' : 'String';
  return nullable ? `Nullable(${plain})` : plain;
}

function tabSeparated(value: TableRow[string]): string {
  if (value === null) return '\\N';
  return String(value).replaceAll('\\', '\\\\').replaceAll('\t', '\\t').replaceAll('\n', '\\n');
}
