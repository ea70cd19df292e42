import type { CachePrediction } from '../../analysis/cache/cache-prediction.ts';
import type { CacheTally } from '../../analysis/cache/cache-tally.ts';
import { governingFiles } from '../words/cache-words.ts';

/** What becomes of the page cache; null where the source says nothing of it. Pages are base pages. */
export function pageCacheJson(cache: CachePrediction | undefined): object | null {
  if (!cache) return null;
  return {
    kinds: [...cache.byKind].map(([kind, tally]) => ({
      kind,
      governedBy: governingFiles(kind, cache.governing, tally.geometry),
      ...cacheTotalsJson(tally),
    })),
    files: cache.files.map(({ file, processes, tally }) => ({
      id: file.id,
      kind: file.kind,
      name: file.name,
      filesystem: file.filesystem ?? null,
      bytes: file.bytes ?? null,
      pids: processes.map(({ pid }) => pid),
      ...cacheTotalsJson(tally),
    })),
    unread: cache.unread.map(({ file: { id, kind, name }, why, rssBytes }) => ({
      id,
      kind,
      name,
      why,
      rssBytes,
    })),
    unalignedBytes: cache.unalignedBytes,
    assumesShmem: cache.assumesShmem,
  };
}

function cacheTotalsJson(tally: CacheTally): object {
  const { ranges, cachedPages, hugePages, collapses, collapsedPages, growthPages } = tally;
  return {
    ranges,
    cachedPages,
    hugePages,
    collapses,
    collapsedPages,
    growthPages,
    unmappedPages: tally.unseenMappings > 0 ? null : tally.unmappedPages,
    refused: Object.fromEntries(tally.refused),
    assumed: [...tally.unknown.keys(), ...(collapses > 0 ? ['registration'] : [])],
  };
}
