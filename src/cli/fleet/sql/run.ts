import { clickHouseTables } from '../../../fleet/engines/clickhouse-tables.ts';
import { foldStatements } from '../../../fleet/fold-sql.ts';
import { COUNTED_TABLES, createStatements, sqlName } from '../../../fleet/tables.ts';
import { type Context, print } from '../../shared/context.ts';
import type { FleetSqlFlags } from './command.ts';

/** `thpscope fleet sql`: what engines of users run. */
export async function fleetSql(this: Context, { by = [], where, engine }: FleetSqlFlags): Promise<void> {
  const asked = where === undefined ? '' : ` AND (${where})`;
  const last = `(host, read_at_ms) IN (SELECT host, MAX(read_at_ms) FROM ${sqlName('hosts')} GROUP BY host)${asked}`;
  const statements = foldStatements({ by, where: last });
  const lines = [
    '-- The tables; their files are TABLE/date=YYYY-MM-DD/*.parquet of a dataset.',
    ...(engine === 'clickhouse' ? clickHouseTables() : createStatements()).map((each) => `${each};`),
    '',
    '-- The last reading of each host, added up. Hosts of several page sizes must not be: add a condition then.',
    ...COUNTED_TABLES.map((table) => `${statements[table]};`),
  ];
  await print(this, `${lines.join('\n')}\n`);
}
