import { sum } from '../../core/base/sum.ts';
import type { CacheRange } from '../../core/memory/cache-range.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { cacheUnknowns, planCacheRange } from '../../core/plan/cache-plan.ts';
import type { CacheIneligible } from '../../core/rules/cache-orders.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { CachedFile } from '../../core/rules/page-cache.ts';
import type { Vma } from '../../core/rules/vma.ts';
import {
  addTo,
  addUnread,
  type CacheDigest,
  type CacheGroup,
  cacheRowOf,
  emptyCacheDigest,
  groupOf,
} from './cache-digest.ts';
import { hugePagesOf } from './cache-tally.ts';
import { type FileMapper, FileMappers, ignoredRanges } from './file-mappers.ts';
import { governingsOf } from './governings.ts';

/** Counts the page cache from what a source hands out: VMAs first, then files and their ranges. */
export class CacheDigestBuilder {
  readonly #digest: CacheDigest;
  readonly #mappers = new FileMappers();
  #open: { readonly file: CachedFile; readonly groupAt: (offset: number) => CacheGroup } | undefined;
  #hasRanges = false;
  #last: string | undefined;

  constructor(geometry: Geometry) {
    this.#digest = emptyCacheDigest(geometry);
  }

  addVma(process: Process, vma: Vma): void {
    this.#mappers.add(process, vma);
  }

  /** A source that hands out its memory in pieces may open a file again: it goes on then. */
  openFile(file: CachedFile): void {
    if (this.#last === file.id) return;
    this.#last = file.id;
    const mappers = this.#mappers.of(file);
    this.#open = undefined;
    this.#hasRanges = false;
    if (file.unread !== undefined)
      addUnread(this.#digest, file.unread, {
        files: 1,
        rssBytes: sum(mappers.map(({ vma }) => vma.rssBytes)),
      });
    else this.#open = { file, groupAt: groupsOf(this.#digest, file, mappers) };
  }

  addRanges(ranges: readonly CacheRange[]): void {
    if (!this.#open) throw new Error('a source sent ranges of the page cache outside of a file');
    const { file, groupAt } = this.#open;
    if (ranges.length > 0 && !this.#hasRanges) {
      this.#hasRanges = true;
      addTo(this.#digest.files, file.kind, 1);
    }
    const governings = governingsOf(file.kind, this.#digest.geometry).length;
    for (const range of ranges) {
      const group = groupAt(range.offset);
      group.ranges++;
      group.cachedPages += countPages(range.present);
      group.hugePages += hugePagesOf(range);
      if (group.ignored.size < governings) addRow(group, range, file);
    }
  }

  /** Undefined where the source says nothing of what VMAs map: recordings of older versions. */
  finish(): CacheDigest | undefined {
    return this.#mappers.any ? this.#digest : undefined;
  }
}

function addRow(group: CacheGroup, range: CacheRange, file: CachedFile): void {
  const pages = pagesPerRange(range.geometry);
  // Where no limit holds it back.
  const { result, growthPages, unmappedPages } = planCacheRange(range, file, {
    maxPtesNone: pages,
    maxPtesSwap: pages,
  });
  const swapped = range.swapPages ?? 0;
  const row = cacheRowOf(group, { present: countPages(range.present), swapped, result });
  row.ranges++;
  row.growthPages += growthPages;
  row.unmappedPages += unmappedPages ?? 0;
  row.unseenMappings += unmappedPages === undefined ? 1 : 0;
  for (const fact of cacheUnknowns(range, file)) addTo(group.unknown, fact, 1);
}

/** The group of each range of a file: settings are asked once wherever the same VMAs map it. */
function groupsOf(
  digest: CacheDigest,
  file: CachedFile,
  mappers: readonly FileMapper[],
): (offset: number) => CacheGroup {
  const { geometry } = digest;
  const asked = governingsOf(file.kind, geometry).map(({ name, settings }) => ({
    name,
    whyNot: ignoredRanges(file, mappers, settings, geometry),
  }));
  const bytes = rangeBytes(geometry);
  // Ranges that begin here are mapped by other VMAs than those that begin before.
  const changes = mappers.flatMap(({ vma: { start, end, mapping } }) => [
    mapping.offset,
    mapping.offset + end - start - bytes + 1,
  ]);
  changes.sort((a, b) => a - b);
  const known = new Map<number, CacheGroup>();
  return (offset) => {
    const at = changesUpTo(changes, offset);
    let group = known.get(at);
    if (!group) {
      const ignored = asked.flatMap(({ name, whyNot }): [string, CacheIneligible][] => {
        const why = whyNot(offset);
        return why ? [[name, why]] : [];
      });
      group = groupOf(digest, file.kind, new Map(ignored));
      known.set(at, group);
    }
    return group;
  };
}

/** How many of the sorted numbers are at most this one. */
function changesUpTo(sorted: readonly number[], number: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle] <= number) from = middle + 1;
    else to = middle;
  }
  return from;
}
