import { withHashedNames } from './hashed-names.ts';
import { type Reading, readingDate, readingName, readingRows } from './reading.ts';
import { tableFile } from './table-file.ts';
import { COUNTED_TABLES } from './tables.ts';

/** A file of a dataset, by its place below the folder or prefix. */
export interface DatasetFile {
  readonly key: string;
  readonly bytes: Uint8Array;
}

/**
 * The files of a reading, to be stored in this order: that of `hosts` is the last, and makes the others
 * count. Tables without rows have none.
 */
export function readingFiles(reading: Reading): DatasetFile[] {
  const plain = readingRows(reading);
  const rows = reading.hashNames ? withHashedNames(plain) : plain;
  const place = `date=${readingDate(reading)}/${readingName(reading)}.parquet`;
  return [...COUNTED_TABLES.filter((table) => rows[table].length > 0), 'hosts' as const].map((table) => ({
    key: `${table}/${place}`,
    bytes: tableFile(table, rows[table]),
  }));
}
