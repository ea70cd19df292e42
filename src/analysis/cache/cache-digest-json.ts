import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import type { CacheUnknown } from '../../core/plan/cache-plan.ts';
import type { CacheIneligible } from '../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../core/rules/page-cache.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import {
  addUnread,
  type CacheDigest,
  type CacheGroup,
  cacheRowOf,
  emptyCacheDigest,
  groupOf,
  ROW_SUMS,
  type UnreadFiles,
} from './cache-digest.ts';
import { governingsOf } from './governings.ts';

/** The page cache as a digest file has it: docs/digest.md#the-file. */
export interface CacheDigestJson {
  /** Files with any range, by kind. */
  readonly files: Readonly<Partial<Record<CacheKind, number>>>;
  readonly groups: readonly CacheGroupJson[];
  readonly unread: readonly ({ readonly why: string } & UnreadFiles)[];
}

interface CacheGroupJson {
  readonly kind: CacheKind;
  /** Names of settings by why they do not let khugepaged look; `*` for all. Those that do are left out. */
  readonly ignored: Readonly<Partial<Record<CacheIneligible, readonly string[]>>>;
  readonly ranges: number;
  readonly cachedPages: number;
  readonly hugePages: number;
  /** Ranges of which a fact is not known. */
  readonly unknown: Readonly<Partial<Record<CacheUnknown, number>>>;
  /**
   * By what the scan comes to where no limit holds it back: pages in memory, pages swapped out, ranges, pages
   * of growth, page table entries that go away, ranges of which these are not known. Zeros at the end are
   * left out.
   */
  readonly rows: Readonly<Partial<Record<ScanResult, readonly (readonly number[])[]>>>;
}

const UNKNOWNS: Record<CacheUnknown, true> = {
  swapPages: true,
  folioOrders: true,
  dirtyPages: true,
  bytes: true,
};

/** What may be not known of ranges, by name. */
export const CACHE_UNKNOWNS = Object.keys(UNKNOWNS) as readonly CacheUnknown[];

/** Stands for all settings of a kind. */
const ALL = '*';

export function cacheDigestJson({ geometry, groups, files, unread }: CacheDigest): CacheDigestJson {
  return {
    files: Object.fromEntries(files),
    groups: [...groups.values()].map((group) => groupJson(group, geometry)),
    unread: [...unread].map(([why, each]) => ({ why, ...each })),
  };
}

function groupJson(group: CacheGroup, geometry: Geometry): CacheGroupJson {
  const { kind, ranges, cachedPages, hugePages, unknown } = group;
  const ignored: Partial<Record<CacheIneligible, string[]>> = {};
  for (const [name, why] of group.ignored) (ignored[why] ??= []).push(name);
  const all = governingsOf(kind, geometry).length;
  for (const names of Object.values(ignored)) if (names.length === all) names.splice(0, all, ALL);
  const rows: Partial<Record<ScanResult, number[][]>> = {};
  const sorted = [...group.rows.values()].sort((a, b) => a.present - b.present || a.swapped - b.swapped);
  for (const row of sorted) {
    const numbers = [row.present, row.swapped, ...ROW_SUMS.map((key) => row[key])];
    (rows[row.result] ??= []).push(withoutZeros(numbers));
  }
  return { kind, ignored, ranges, cachedPages, hugePages, unknown: Object.fromEntries(unknown), rows };
}

function withoutZeros(numbers: readonly number[]): number[] {
  return numbers.slice(0, numbers.findLastIndex((each) => each !== 0) + 1);
}

/** The page cache of JSON that has the right shape. Fails with what no page cache can be. */
export function cacheDigestOfJson(json: CacheDigestJson, geometry: Geometry): Result<CacheDigest> {
  const digest = emptyCacheDigest(geometry);
  for (const [kind, files] of Object.entries(json.files)) digest.files.set(kind as CacheKind, files);
  for (const { why, ...each } of json.unread) addUnread(digest, why, each);
  for (const [index, group] of json.groups.entries()) {
    const wrong = fillGroup(digest, group);
    if (wrong !== undefined)
      return fail('unreadable', `group ${index + 1} of the page cache (${group.kind}): ${wrong}`);
  }
  return succeed(digest);
}

/** Adds a group; says what of it no page cache can be. */
function fillGroup(digest: CacheDigest, json: CacheGroupJson): string | undefined {
  const { geometry } = digest;
  const governings = governingsOf(json.kind, geometry).map(({ name }) => name);
  const named = new Map<string, CacheIneligible>();
  for (const [why, names] of Object.entries(json.ignored))
    for (const name of names.includes(ALL) ? governings : names) named.set(name, why as CacheIneligible);
  const stray = [...named.keys()].find((name) => !governings.includes(name));
  if (stray !== undefined) return `no settings are called '${stray}'`;
  // The order of names is part of the key by which groups of machines are told to be the same.
  const ignored = governings.flatMap((name): [string, CacheIneligible][] => {
    const why = named.get(name);
    return why ? [[name, why]] : [];
  });
  const group = groupOf(digest, json.kind, new Map(ignored));
  if (group.ranges > 0) return 'is there twice';
  group.ranges = json.ranges;
  group.cachedPages = json.cachedPages;
  group.hugePages = json.hugePages;
  for (const [fact, ranges] of Object.entries(json.unknown)) group.unknown.set(fact as CacheUnknown, ranges);
  for (const [result, rows] of Object.entries(json.rows))
    for (const numbers of rows) {
      const wrong = fillRow(group, result as ScanResult, numbers, pagesPerRange(geometry));
      if (wrong !== undefined) return wrong;
    }
  return wrongGroup(group, ignored.length === governings.length, geometry);
}

function fillRow(
  group: CacheGroup,
  result: ScanResult,
  [present, swapped, ...sums]: readonly number[],
  pages: number,
): string | undefined {
  const where = `row [${present}, ${swapped}] of ${result}`;
  if (present > pages || swapped > pages) return `no range is in ${where}`;
  const row = cacheRowOf(group, { present, swapped, result });
  if (row.ranges > 0) return `twice there is ${where}`;
  for (const [i, key] of ROW_SUMS.entries()) row[key] = sums[i] ?? 0;
  if (row.ranges === 0) return `${where} has no range`;
  if (row.growthPages > row.ranges * (pages - present)) return `${where} grows by more than it has room for`;
  return row.unseenMappings > row.ranges ? `${where} has more unseen ranges than ranges` : undefined;
}

/** What rows are and what the group says of them must be the same. */
function wrongGroup(group: CacheGroup, isIgnored: boolean, geometry: Geometry): string | undefined {
  const { ranges, cachedPages, hugePages, rows, unknown } = group;
  const pages = pagesPerRange(geometry);
  if (ranges === 0) return 'has no range';
  if (cachedPages > ranges * pages || hugePages > ranges * pages) return 'has more pages than its ranges';
  if ([...unknown.values()].some((each) => each > ranges)) return 'has more unknown ranges than ranges';
  if (isIgnored) return rows.size > 0 ? 'has rows, though no settings look at it' : undefined;
  let [inRows, cached, huge] = [0, 0, 0];
  for (const row of rows.values()) {
    inRows += row.ranges;
    cached += row.present * row.ranges;
    if (row.result === 'SCAN_PTE_MAPPED_HUGEPAGE') huge += pages * row.ranges;
  }
  return inRows === ranges && cached === cachedPages && huge === hugePages
    ? undefined
    : 'ranges and pages are not those of its rows';
}
