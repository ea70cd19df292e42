import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { type CachePlan, type CacheUnknown, isOneFolio } from '../../core/plan/cache-plan.ts';
import type { CacheIneligible } from '../../core/rules/cache-orders.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';

/** Why a range of the page cache stays as it is. */
export type CacheRefusal = CacheIneligible | Exclude<ScanResult, 'SCAN_SUCCEED'>;

/** What becomes of a range of the page cache: a plan, or a refusal of every VMA that maps it. */
export interface CacheVerdict {
  readonly range: CacheRange;
  /** Why khugepaged does not look at it; undefined where it does. */
  readonly ignored: CacheIneligible | undefined;
  readonly plan: CachePlan | undefined;
  /** What was taken for granted, for its source could not see it. */
  readonly unknown: readonly CacheUnknown[];
}

/**
 * Sums over PMD ranges of the page cache, each counted once, however many processes map it. They are of the
 * page cache and never of RSS, but for `unmappedPages`.
 */
export interface CacheTally {
  readonly geometry: Geometry;
  /** Ranges with any page that a VMA maps whole and aligned. */
  ranges: number;
  /** Pages of them in memory; of these, in folios of the PMD size already. */
  cachedPages: number;
  hugePages: number;
  /** Ranges that are collapsed, and the pages that they had in memory before. */
  collapses: number;
  collapsedPages: number;
  /** Pages that are filled or read in, also by attempts on files that fail. */
  growthPages: number;
  /** Page table entries of all mappers that go away: RSS falls by them until they are touched again. */
  unmappedPages: number;
  /** Collapsed ranges of which it is not known how much of them is mapped. */
  unseenMappings: number;
  readonly refused: Map<CacheRefusal, RefusedCache>;
  /** Ranges of which a fact was taken for granted. */
  readonly unknown: Map<CacheUnknown, number>;
}

interface RefusedCache {
  ranges: number;
  pages: number;
}

export function emptyCacheTally(geometry: Geometry): CacheTally {
  return {
    geometry,
    ranges: 0,
    cachedPages: 0,
    hugePages: 0,
    collapses: 0,
    collapsedPages: 0,
    growthPages: 0,
    unmappedPages: 0,
    unseenMappings: 0,
    refused: new Map(),
    unknown: new Map(),
  };
}

export function addCacheVerdict(tally: CacheTally, { range, ignored, plan, unknown }: CacheVerdict): void {
  for (const fact of unknown) tally.unknown.set(fact, (tally.unknown.get(fact) ?? 0) + 1);
  const refusal = ignored ?? (plan?.result === 'SCAN_SUCCEED' ? undefined : (plan?.result as CacheRefusal));
  addCacheOutcome(tally, refusal, {
    ranges: 1,
    cachedPages: countPages(range.present),
    hugePages: hugePagesOf(range),
    growthPages: plan?.growthPages ?? 0,
    unmappedPages: plan?.unmappedPages ?? 0,
    unseenMappings: plan && plan.unmappedPages === undefined ? 1 : 0,
  });
}

/** Ranges that one thing becomes of. */
type CacheOutcome = Pick<
  CacheTally,
  'ranges' | 'cachedPages' | 'hugePages' | 'growthPages' | 'unmappedPages' | 'unseenMappings'
>;

/** Adds ranges that stay as they are for a reason, or that are collapsed where there is none. */
export function addCacheOutcome(
  tally: CacheTally,
  refusal: CacheRefusal | undefined,
  { ranges, cachedPages, hugePages, growthPages, unmappedPages, unseenMappings }: CacheOutcome,
): void {
  tally.ranges += ranges;
  tally.cachedPages += cachedPages;
  tally.hugePages += hugePages;
  // Attempts on files that fail have read holes and unmapped pages, too.
  tally.growthPages += growthPages;
  tally.unmappedPages += unmappedPages;
  tally.unseenMappings += unseenMappings;
  if (refusal) {
    // What is huge already is so whatever the settings allow.
    const huge = hugePages / pagesPerRange(tally.geometry);
    if (huge > 0) addRefused(tally, 'SCAN_PTE_MAPPED_HUGEPAGE', { ranges: huge, pages: hugePages });
    if (huge < ranges) addRefused(tally, refusal, { ranges: ranges - huge, pages: cachedPages - hugePages });
    return;
  }
  tally.collapses += ranges;
  tally.collapsedPages += cachedPages;
}

/** Adds sums to others. */
export function addCacheTally(to: CacheTally, from: CacheTally): void {
  for (const key of SUMS) to[key] += from[key];
  for (const [refusal, refused] of from.refused) addRefused(to, refusal, refused);
  for (const [fact, ranges] of from.unknown) to.unknown.set(fact, (to.unknown.get(fact) ?? 0) + ranges);
}

const SUMS = [
  'ranges',
  'cachedPages',
  'hugePages',
  'collapses',
  'collapsedPages',
  'growthPages',
  'unmappedPages',
  'unseenMappings',
] as const satisfies readonly (keyof CacheTally)[];

function addRefused({ refused }: CacheTally, refusal: CacheRefusal, { ranges, pages }: RefusedCache): void {
  const known = refused.get(refusal) ?? { ranges: 0, pages: 0 };
  refused.set(refusal, { ranges: known.ranges + ranges, pages: known.pages + pages });
}

/** Pages of the range in a folio of the PMD size. */
export function hugePagesOf(range: CacheRange): number {
  return isOneFolio(range) ? pagesPerRange(range.geometry) : 0;
}
