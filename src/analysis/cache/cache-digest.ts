import { sum } from '../../core/base/sum.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { CacheUnknown } from '../../core/plan/cache-plan.ts';
import type { CacheIneligible, CacheSettings } from '../../core/rules/cache-orders.ts';
import { CACHE_KINDS, type CacheKind } from '../../core/rules/page-cache.ts';
import type { CollapseLimits } from '../../core/rules/policy.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import { addCacheOutcome, type CacheRefusal, type CacheTally, emptyCacheTally } from './cache-tally.ts';
import { governingName } from './governings.ts';

/** Ranges that the same limits let pass, and what becomes of them then. */
export interface CacheRow {
  /** Pages in memory, and swapped out, of each range. */
  readonly present: number;
  readonly swapped: number;
  /** What the scan comes to where no limit holds it back. */
  readonly result: ScanResult;
  ranges: number;
  /** What their plans come to, as `CacheTally` has it. */
  growthPages: number;
  unmappedPages: number;
  unseenMappings: number;
}

/** Ranges of one kind for which every setting has the same answer. */
export interface CacheGroup {
  readonly kind: CacheKind;
  /** Why settings do not let khugepaged look at them, by `governingName`; those that do are left out. */
  readonly ignored: ReadonlyMap<string, CacheIneligible>;
  ranges: number;
  cachedPages: number;
  hugePages: number;
  /** Ranges of which a fact is not known. */
  readonly unknown: Map<CacheUnknown, number>;
  /** By `rowKey`; none where no settings let khugepaged look. */
  readonly rows: Map<string, CacheRow>;
}

/** Files that could not be read, for one reason. */
export interface UnreadFiles {
  files: number;
  /** RSS of the VMAs that map them. */
  rssBytes: number;
}

/**
 * What decides about the page cache of a machine under any settings: docs/digest.md#page-cache. It is apart
 * from the digests of processes, for a file is there once, however many map it. Those of machines add up.
 */
export interface CacheDigest {
  readonly geometry: Geometry;
  /** By `groupKey`. */
  readonly groups: Map<string, CacheGroup>;
  /** Files with any range. */
  readonly files: Map<CacheKind, number>;
  /** By the reason. */
  readonly unread: Map<string, UnreadFiles>;
}

export function emptyCacheDigest(geometry: Geometry): CacheDigest {
  return { geometry, groups: new Map(), files: new Map(), unread: new Map() };
}

/** The group of these answers, made where there is none. */
export function groupOf(
  { groups }: CacheDigest,
  kind: CacheKind,
  ignored: ReadonlyMap<string, CacheIneligible>,
): CacheGroup {
  const key = `${kind} ${[...ignored].join(' ')}`;
  let group = groups.get(key);
  if (!group) {
    group = { kind, ignored, ranges: 0, cachedPages: 0, hugePages: 0, unknown: new Map(), rows: new Map() };
    groups.set(key, group);
  }
  return group;
}

/** The row of these counts, made where there is none. */
export function cacheRowOf(
  { rows }: CacheGroup,
  { present, swapped, result }: Pick<CacheRow, 'present' | 'swapped' | 'result'>,
): CacheRow {
  const key = `${present} ${swapped} ${result}`;
  let row = rows.get(key);
  if (!row) {
    row = { present, swapped, result, ranges: 0, growthPages: 0, unmappedPages: 0, unseenMappings: 0 };
    rows.set(key, row);
  }
  return row;
}

/** Adds the page cache of one machine to that of others. */
export function addCacheDigest(into: CacheDigest, from: CacheDigest): void {
  for (const group of from.groups.values()) {
    const to = groupOf(into, group.kind, group.ignored);
    for (const key of ['ranges', 'cachedPages', 'hugePages'] as const) to[key] += group[key];
    for (const [fact, ranges] of group.unknown) addTo(to.unknown, fact, ranges);
    for (const row of group.rows.values()) {
      const known = cacheRowOf(to, row);
      for (const key of ROW_SUMS) known[key] += row[key];
    }
  }
  for (const [kind, files] of from.files) addTo(into.files, kind, files);
  for (const [why, unread] of from.unread) addUnread(into, why, unread);
}

/** What the ranges of a row add up to. */
export const ROW_SUMS = ['ranges', 'growthPages', 'unmappedPages', 'unseenMappings'] as const;

export function addTo<K>(counts: Map<K, number>, key: K, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}

export function addUnread({ unread }: CacheDigest, why: string, { files, rssBytes }: UnreadFiles): void {
  const known = unread.get(why) ?? { files: 0, rssBytes: 0 };
  unread.set(why, { files: known.files + files, rssBytes: known.rssBytes + rssBytes });
}

/**
 * What khugepaged does to the page cache under settings, by kind in the order of CACHE_KINDS, kinds without a
 * range left out: the same as `CachePredictor` says of the ranges themselves.
 */
export function askCacheDigest(
  digest: CacheDigest,
  governing: CacheSettings,
  limits: Pick<CollapseLimits, 'maxPtesNone' | 'maxPtesSwap'>,
): Map<CacheKind, CacheTally> {
  const { geometry, groups } = digest;
  const byKind = new Map<CacheKind, CacheTally>();
  for (const kind of CACHE_KINDS) {
    const tally = emptyCacheTally(geometry);
    const name = governingName(kind, governing, geometry);
    const leftAlone = kind === 'file' && !governing.model.collapsesFiles ? 'kernel' : undefined;
    for (const group of groups.values())
      if (group.kind === kind) addGroup(tally, group, group.ignored.get(name) ?? leftAlone, limits);
    if (tally.ranges > 0) byKind.set(kind, tally);
  }
  return byKind;
}

function addGroup(
  tally: CacheTally,
  group: CacheGroup,
  ignored: CacheIneligible | undefined,
  { maxPtesNone, maxPtesSwap }: Pick<CollapseLimits, 'maxPtesNone' | 'maxPtesSwap'>,
): void {
  if (ignored) {
    const { ranges, cachedPages, hugePages } = group;
    addCacheOutcome(tally, ignored, { ...NO_PLAN, ranges, cachedPages, hugePages });
    return;
  }
  const least = pagesPerRange(tally.geometry) - maxPtesNone;
  for (const row of group.rows.values()) {
    const { present, swapped, result, ranges } = row;
    const isHuge = result === 'SCAN_PTE_MAPPED_HUGEPAGE';
    const counts = {
      ...row,
      cachedPages: present * ranges,
      hugePages: isHuge ? pagesPerRange(tally.geometry) * ranges : 0,
    };
    // The kernel's order: swap entries, a folio that is there already, pages that are not in memory.
    const held =
      swapped > maxPtesSwap
        ? ('SCAN_EXCEED_SWAP_PTE' as const)
        : !isHuge && present < least
          ? ('SCAN_EXCEED_NONE_PTE' as const)
          : undefined;
    if (held) addCacheOutcome(tally, held, { ...counts, ...NO_PLAN });
    else addCacheOutcome(tally, result === 'SCAN_SUCCEED' ? undefined : (result as CacheRefusal), counts);
  }
  for (const [fact, ranges] of group.unknown) addTo(tally.unknown, fact, ranges);
}

const NO_PLAN = { growthPages: 0, unmappedPages: 0, unseenMappings: 0 };

/** How much of the page cache a digest has, and how many files it could not read. */
export function cacheSums({ files, groups, unread }: CacheDigest) {
  return {
    files: sum([...files.values()]),
    ranges: sum([...groups.values()].map(({ ranges }) => ranges)),
    unreadFiles: sum([...unread.values()].map((each) => each.files)),
  };
}
