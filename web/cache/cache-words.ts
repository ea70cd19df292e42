import type { CacheTally } from '../../src/analysis/cache/cache-tally.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';

/** By how much RSS of all mappers falls until they touch the memory again, as far as it is known. */
export function fallWords({ unmappedPages, unseenMappings, geometry }: CacheTally): string {
  const known = formatSize(unmappedPages, geometry);
  if (unseenMappings === 0) return known;
  return unmappedPages === 0 ? 'not known' : `≥ ${known}`;
}
