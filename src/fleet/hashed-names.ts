import { createHash } from 'node:crypto';
import type { ReadingRows, TableRow } from './reading.ts';
import { byTable } from './tables.ts';

/** Columns that name programs, services and groups; the host has its own name already. */
const NAMES = ['service', 'command', 'cgroup', 'path'];
const DIGITS = 16;

/** The same for the same name everywhere, so that sums stay what they are. */
export function hashedName(name: string): string {
  return createHash('sha256').update(name).digest('hex').slice(0, DIGITS);
}

/** Rows with hashes for names, and without what collecting noted, which may name processes. */
export function withHashedNames(rows: ReadingRows): ReadingRows {
  const hashed = (row: TableRow): TableRow => ({
    ...row,
    ...Object.fromEntries(
      NAMES.filter((name) => typeof row[name] === 'string').map((name) => [
        name,
        hashedName(String(row[name])),
      ]),
    ),
    ...('notes' in row ? { notes: '' } : {}),
  });
  return byTable((table) => rows[table].map(hashed));
}
