import type { CacheSettings } from '../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../core/rules/page-cache.ts';
import { defaultShmemSettings, type ShmemSettings } from '../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { askCacheDigest, type CacheDigest } from './cache-digest.ts';
import type { CacheTally } from './cache-tally.ts';

/** Settings for anonymous memory that also decide about the page cache. */
export type CacheAsked = Pick<ThpSettings, 'enabled' | 'maxPtesNone' | 'maxPtesSwap'>;

/** What khugepaged does to the page cache over all its kinds; pages are base pages, none of them RSS. */
export interface CacheWorth {
  /** Whole PMD ranges, and their pages in memory now. */
  readonly ranges: number;
  readonly cachedPages: number;
  readonly collapses: number;
  /** Pages that are in folios of the PMD size afterwards; filled ones are not counted. */
  readonly hugePages: number;
  readonly growthPages: number;
  /** By what RSS of all that map it falls until they touch it again; undefined where not all was seen. */
  readonly unmappedPages: number | undefined;
}

/** The page cache of a digest that is asked about many settings, shared memory under those in force. */
export class CacheQuery {
  readonly digest: CacheDigest;
  readonly shmem: ShmemSettings;
  readonly model: CacheSettings['model'];
  /** Whether the settings of shared memory are taken for the kernel's default, for nothing says. */
  readonly assumesShmem: boolean;
  readonly #known = new Map<string, CacheWorth>();

  constructor(digest: CacheDigest, shmem: ShmemSettings | undefined, model: CacheSettings['model']) {
    this.digest = digest;
    this.model = model;
    this.shmem = shmem ?? defaultShmemSettings(digest.geometry);
    this.assumesShmem = shmem === undefined;
  }

  governing({ enabled }: Pick<ThpSettings, 'enabled'>): CacheSettings {
    return { settings: { enabled }, shmem: this.shmem, model: this.model };
  }

  byKind(asked: CacheAsked): Map<CacheKind, CacheTally> {
    return askCacheDigest(this.digest, this.governing(asked), asked);
  }

  /** Asked once for settings that differ in nothing that counts. */
  worth(asked: CacheAsked): CacheWorth {
    const key = `${asked.enabled} ${asked.maxPtesNone} ${asked.maxPtesSwap}`;
    let worth = this.#known.get(key);
    if (!worth) this.#known.set(key, (worth = cacheWorth(this.byKind(asked).values())));
    return worth;
  }
}

/** What kinds come to together. */
export function cacheWorth(tallies: Iterable<CacheTally>): CacheWorth {
  let [ranges, cachedPages, collapses, hugePages, growthPages, unmappedPages, unseen] = [0, 0, 0, 0, 0, 0, 0];
  for (const tally of tallies) {
    ranges += tally.ranges;
    cachedPages += tally.cachedPages;
    collapses += tally.collapses;
    hugePages += tally.hugePages + tally.collapsedPages;
    growthPages += tally.growthPages;
    unmappedPages += tally.unmappedPages;
    unseen += tally.unseenMappings;
  }
  const seen = unseen > 0 ? undefined : unmappedPages;
  return { ranges, cachedPages, collapses, hugePages, growthPages, unmappedPages: seen };
}
