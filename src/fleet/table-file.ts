import { parquetWriteBuffer } from 'hyparquet-writer';
import type { TableRow } from './reading.ts';
import { type FleetTableName, tableNamed } from './tables.ts';

/** The bytes of a Parquet file with rows of a table: BIGINT as INT64, VARCHAR as UTF8 strings. */
export function tableFile(table: FleetTableName, rows: readonly TableRow[]): Uint8Array {
  const { columns } = tableNamed(table);
  return new Uint8Array(
    parquetWriteBuffer({
      createdBy: 'thpscope',
      columnData: columns.map(({ name, type, nullable = false }) => ({
        name,
        nullable,
        type: type === 'BIGINT' ? 'INT64' : 'STRING',
        data:
          type === 'BIGINT'
            ? rows.map((row) => (row[name] === null ? null : BigInt(row[name])))
            : rows.map((row) => row[name]),
      })),
    }),
  );
}
