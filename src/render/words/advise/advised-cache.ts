import type { Advice } from '../../../analysis/advice/advise.ts';
import type { ShmemOffer } from '../../../analysis/advice/shmem-offer.ts';
import { cacheSums } from '../../../analysis/cache/cache-digest.ts';
import type { CacheQuery, CacheWorth } from '../../../analysis/cache/cache-query.ts';
import { formatBytes } from '../../../core/base/bytes.ts';
import { plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import type { KernelModel } from '../../../core/rules/kernel-model.ts';
import { CACHE_KIND_NAMES, cacheAssumptions } from '../cache-words.ts';
import { notCovered } from '../not-covered.ts';

/** Resident memory outside of anonymous VMAs: not covered, unless the page cache is known. */
export function besidesLine(cache: unknown, otherBytes: number | undefined, processes: number): string {
  const others = notCovered(otherBytes, processes);
  return cache === undefined ? `not covered: ${others}` : `besides: ${others}, told of as page cache below`;
}

/** What the page cache is: never added to RSS. */
export function cacheHead(worth: CacheWorth, geometry: Geometry): string {
  return `page cache, each file once and apart from RSS: ${cacheSizeWords(worth, geometry)}`;
}

/** How much of it could be collapsed at all: "256M in 128 whole PMD ranges". */
export function cacheSizeWords({ ranges, cachedPages }: CacheWorth, geometry: Geometry): string {
  return `${formatSize(cachedPages, geometry)} in ${plural(ranges, 'whole PMD range')}`;
}

/** What khugepaged does to it under some settings. */
export function cacheWorthWords(
  { collapses, hugePages, growthPages, unmappedPages }: CacheWorth,
  geometry: Geometry,
): string {
  const size = (pages: number) => formatSize(pages, geometry);
  if (collapses === 0) return `khugepaged collapses none of it; ${size(hugePages)} is huge`;
  const falls =
    unmappedPages === undefined
      ? 'RSS of all that map it falls until they touch it again, by how much was not seen'
      : `RSS of all that map it falls by ${size(unmappedPages)} until they touch it again`;
  return `${plural(collapses, 'collapse')}, then ${size(hugePages)} is huge; it grows by ${size(growthPages)}, and ${falls}`;
}

/** What an advice means for the page cache, a sentence each; nothing where there is none. */
export function cacheAdviceLines(
  { advised, inForce, leave }: Pick<Advice, 'advised' | 'inForce' | 'leave'>,
  query: CacheQuery,
  model: KernelModel,
): string[] {
  const { geometry } = query.digest;
  const judged = advised.cache;
  if (!judged || judged.worth.ranges === 0) return unreadLines(query);
  const { worth, moreGrowthPages } = judged;
  const known = inForce?.cache?.worth;
  return [
    cacheHead(worth, geometry),
    ...(known ? [`in force: ${cacheWorthWords(known, geometry)}`] : []),
    ...(leave ? [] : [`advised: ${sameOrWords(worth, known, geometry)}`]),
    ...switchLines(advised.settings.enabled, inForce?.settings.enabled, leave),
    ...(moreGrowthPages > 0
      ? [
          `${formatSize(moreGrowthPages, geometry)} of that growth comes by the advice and counts against the budget; control groups are charged for it too, and their limits are not held against it`,
        ]
      : []),
    ...(model.pmdOrderOnly && worth.collapses > 0
      ? [
          'these are the rules of Linux 7.2 and 7.3; earlier kernels collapse files on disks only where they were built with READ_ONLY_THP_FOR_FS, and then only files that nobody writes',
        ]
      : []),
    ...cacheAssumptions([...query.byKind(advised.settings).values()], query.assumesShmem).map(
      (line) => `assumed: ${line}`,
    ),
    ...unreadLines(query),
  ];
}

function sameOrWords(worth: CacheWorth, known: CacheWorth | undefined, geometry: Geometry): string {
  const isSame = known?.collapses === worth.collapses && known.growthPages === worth.growthPages;
  return isSame ? 'the same' : cacheWorthWords(worth, geometry);
}

/** Where the writes change the top-level file, which governs files on disks on every kernel. */
function switchLines(enabled: string, before: string | undefined, leave: boolean): string[] {
  if (leave || before === enabled) return [];
  const written =
    before === undefined
      ? `the writes set the top-level enabled to ${enabled}, whatever it is now`
      : `the writes change the top-level enabled from ${before} to ${enabled}`;
  const effect = {
    always: 'khugepaged may collapse every file on disks that is mapped',
    madvise: 'khugepaged may collapse files on disks that are mapped with MADV_HUGEPAGE, and no others',
    never: 'khugepaged collapses no file on disks any more',
  }[enabled];
  return [`${written}: with it ${effect}`];
}

/** Files of the page cache that could not be read, a sentence. */
export function unreadLines({ digest }: CacheQuery): string[] {
  const { unreadFiles } = cacheSums(digest);
  if (unreadFiles === 0) return [];
  const bytes = formatBytes(sum([...digest.unread.values()].map(({ rssBytes }) => rssBytes)));
  return [
    `not known: what becomes of ${plural(unreadFiles, 'file')} in the page cache that could not be read, of which ${bytes} is in RSS`,
  ];
}

/** What settings of shared memory would do that an advice leaves alone, a sentence each. */
export function offerLines({ kinds }: ShmemOffer, geometry: Geometry): string[] {
  const size = (pages: number) => formatSize(pages, geometry);
  return [
    ...kinds.map(({ kind, tally, now }) => {
      const huge = size(tally.collapsedPages - now.collapsedPages);
      const growth = size(tally.growthPages - now.growthPages);
      const falls = tally.unseenMappings > 0 ? '' : ` by ${size(tally.unmappedPages - now.unmappedPages)}`;
      return `${size(tally.cachedPages)} of ${CACHE_KIND_NAMES[kind]}: khugepaged would make ${huge} more of it huge; the page cache grows by ${growth}, and RSS of all that map it falls${falls} until they touch it again`;
    }),
    'the files hold for all shared memory of the machine, and for page faults too: what is touched anew then may come in huge pages at once, which is in no figure here',
  ];
}
