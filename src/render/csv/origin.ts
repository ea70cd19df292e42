import { plural } from '../../core/base/plural.ts';
import type { MemoryOrigin } from '../../core/rules/memory-source.ts';
import { hostNames, readingTimes } from '../words/origin-line.ts';
import { printable } from '../words/printable.ts';

/** The columns that end every row, so that rows of several answers can be put together. */
export const ORIGIN_COLUMNS = 'host,read_at,source,thpscope';

/**
 * What these columns hold: a name, or how many there are; a time, or an interval of ISO 8601; of made-up
 * memory only `source`, which says what it is, and the version.
 */
export function originCells(origins: readonly MemoryOrigin[], source: string, version: string): string {
  const hosts = hostNames(origins);
  const count = origins[0]?.hosts ?? hosts.length;
  const host = count === 1 && hosts.length === 1 ? hosts[0] : count > 0 ? plural(count, 'host') : '';
  const from = origins.length > 1 ? plural(origins.length, 'file') : (origins[0]?.source ?? source);
  return [host, readingTimes(origins).join('/'), from, version].map(csvCell).join(',');
}

/** Text as a cell: quoted where it has to be. */
export function csvCell(text: string): string {
  const safe = printable(text);
  return /[",]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
