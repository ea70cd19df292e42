import { FLEET_TABLES, type FleetTable, sqlName } from '../tables.ts';

/**
 * The statements that make the tables in a ClickHouse server: a day is a partition, to be dropped and loaded
 * anew.
 */
export function clickHouseTables(): string[] {
  return FLEET_TABLES.map(
    (table) =>
      `CREATE TABLE ${sqlName(table.name)} (${clickHouseColumns(table)}) ENGINE = MergeTree PARTITION BY date ORDER BY (date, host)`,
  );
}

/** The columns of a table as ClickHouse declares them: null is the exception there. */
export function clickHouseColumns({ columns }: FleetTable): string {
  return columns.map((column) => `${column.name} ${typeOf(column)}`).join(', ');
}

function typeOf({ type, nullable }: FleetTable['columns'][number]): string {
  const plain = type === 'BIGINT' ? 'Int64' : 'String';
  return nullable ? `Nullable(${plain})` : plain;
}
