import { sizeFolder, THP_FOLDER } from '../../core/base/sysfs.ts';
import { type Geometry, rangeBytes } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import { CACHE_KINDS, type CacheKind, isShmem } from '../../core/rules/page-cache.ts';
import type { ShmemSettings, ShmemSizeWord, ShmemWord } from '../../core/rules/shmem-settings.ts';
import { askCacheDigest } from '../cache/cache-digest.ts';
import { type CacheAsked, type CacheQuery, cacheWorth } from '../cache/cache-query.ts';
import type { CacheTally } from '../cache/cache-tally.ts';
import type { SysfsWrite } from '../sweep/sysfs-writes.ts';

/** Settings of shared memory that would make more of it huge, beside an advice and not part of it. */
export interface ShmemOffer {
  readonly shmem: ShmemSettings;
  /** What khugepaged does to each kind that it changes, with them and without. */
  readonly kinds: readonly {
    readonly kind: CacheKind;
    readonly tally: CacheTally;
    readonly now: CacheTally;
  }[];
  readonly set: readonly SysfsWrite[];
  readonly restore: readonly SysfsWrite[];
}

/** What an offer has to keep: see PolicyBudget. */
export interface OfferBudget {
  /** Pages by which the page cache may grow. */
  readonly growthPages: number;
  /** Less than this share of the shared memory read is worth no change. */
  readonly within: number;
}

/** The words that are offered, those that reach least first; undefined leaves a file as it is. */
const WORDS = [undefined, 'advise', 'within_size', 'always'] as const;

/**
 * The settings of shared memory under which most of it becomes huge within a budget; of those alike, the ones
 * that change fewest files, then those of the size before those of the top level, then those that reach
 * least. Undefined where none is worth it, where the settings in force are not known, and where they deny or
 * force huge pages: that was somebody's decision.
 */
export function shmemOffer(
  query: CacheQuery,
  asked: CacheAsked,
  { growthPages, within }: OfferBudget,
): ShmemOffer | undefined {
  const { digest, shmem, model, assumesShmem } = query;
  if (assumesShmem || shmem.enabled === 'deny' || shmem.enabled === 'force') return undefined;
  const { geometry } = digest;
  const ask = (settings: ShmemSettings) => {
    const byKind = askCacheDigest(digest, { settings: asked, shmem: settings, model }, asked);
    const kinds = CACHE_KINDS.filter((kind) => isShmem({ kind })).flatMap((kind) => byKind.get(kind) ?? []);
    return { byKind, worth: cacheWorth(kinds) };
  };
  const now = ask(shmem);
  let best: { readonly found: ReturnType<typeof ask>; readonly settings: ShmemSettings } | undefined;
  for (const settings of candidates(shmem, geometry)) {
    const found = ask(settings);
    if (found.worth.growthPages - now.worth.growthPages > growthPages) continue;
    const most = (best?.found ?? now).worth.hugePages;
    if (found.worth.hugePages > most) best = { found, settings };
  }
  if (!best) return undefined;
  const more = best.found.worth.hugePages - now.worth.hugePages;
  if (more <= within * now.worth.cachedPages) return undefined;
  const kinds = [...best.found.byKind].flatMap(([kind, tally]) => {
    const before = now.byKind.get(kind);
    return before && before.collapses !== tally.collapses ? [{ kind, tally, now: before }] : [];
  });
  return {
    shmem: best.settings,
    kinds,
    set: writesOf(shmem, best.settings, geometry),
    restore: writesOf(best.settings, shmem, geometry).reverse(),
  };
}

/** Settings with one file changed before those with two. */
function candidates(shmem: ShmemSettings, geometry: Geometry): ShmemSettings[] {
  const order = asOrder(geometry.pmdOrder);
  // Kernels before 6.11 have no files of sizes.
  const sizeWords: readonly (ShmemSizeWord | undefined)[] = shmem.sizes.has(order) ? WORDS : [undefined];
  const pairs = WORDS.flatMap((top) =>
    sizeWords.map((size): readonly [ShmemSizeWord | undefined, ShmemWord | undefined] => [size, top]),
  );
  const changed = (pair: readonly unknown[]) => pair.filter((word) => word !== undefined).length;
  return pairs
    .sort((a, b) => changed(a) - changed(b))
    .map(([size, top]) => ({
      enabled: top ?? shmem.enabled,
      sizes: size ? new Map([...shmem.sizes, [order, size]]) : shmem.sizes,
    }));
}

/** The file of the size, then the top level: the narrower first. */
function writesOf(from: ShmemSettings, to: ShmemSettings, geometry: Geometry): SysfsWrite[] {
  const order = asOrder(geometry.pmdOrder);
  const size = to.sizes.get(order) ?? 'never';
  const folder = sizeFolder(rangeBytes(geometry));
  return [
    ...(size === from.sizes.get(order)
      ? []
      : [{ path: `${THP_FOLDER}/${folder}/shmem_enabled`, value: size }]),
    ...(to.enabled === from.enabled ? [] : [{ path: `${THP_FOLDER}/shmem_enabled`, value: to.enabled }]),
  ];
}
