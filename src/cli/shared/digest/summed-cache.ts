import { addCacheDigest, type CacheDigest, emptyCacheDigest } from '../../../analysis/cache/cache-digest.ts';
import { namesBoot } from '../../../core/rules/boot-id.ts';
import type { Host } from '../../../core/rules/memory-source.ts';

/** The page cache of some recordings, and what is to be said of it. */
interface SummedCache {
  readonly sum: CacheDigest | undefined;
  readonly note?: string;
}

/** The page cache of recordings together: of one machine in parts nobody knows what is in several of them. */
export function summedCache(
  hosts: readonly (Pick<Host, 'geometry'> & { readonly bootId?: string | undefined })[],
  caches: readonly (CacheDigest | undefined)[],
): SummedCache {
  const known = caches.filter((cache) => cache !== undefined);
  if (known.length < caches.length || known.length === 0) return { sum: undefined };
  const holding = known.filter(({ files, unread }) => files.size + unread.size > 0);
  if (holding.length < 2) return { sum: holding[0] ?? known[0] };
  const boots = hosts.flatMap(({ bootId }) => (namesBoot(bootId) ? [bootId] : []));
  if (new Set(boots).size < boots.length)
    return {
      sum: undefined,
      note: 'several recordings are of one machine: a file may be in each, so nothing is said of the page cache; read its processes together',
    };
  const sum = emptyCacheDigest(hosts[0].geometry);
  for (const cache of holding) addCacheDigest(sum, cache);
  return { sum };
}
