import { below, pick, type Random } from '../../core/base/random.ts';
import { pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { hasPage, type Occupancy, setPage, wordsPerRange } from '../../core/memory/occupancy.ts';
import { TOP_LEVEL_WORDS } from '../../core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../core/rules/shmem-settings.ts';
import { noneLimits, randomPages } from '../ranges/suites.ts';
import type { CacheSuite } from '../suite-names.ts';
import {
  CACHE_GEOMETRY,
  type CacheBatch,
  type CacheMapping,
  cacheMapping,
  type MappedKind,
  SHARED_KINDS,
} from './batch.ts';

/** Ranges of a batch, so few that many settings are met; mappings have one to three. */
const BATCH_RANGES = 12;
const PAGES = pagesPerRange(CACHE_GEOMETRY);

/** The batches of a suite: `count` ranges in all, or some more. A seed reproduces them. */
export function* cacheBatches(suite: CacheSuite, count: number, random: Random): Generator<CacheBatch> {
  for (let left = count; left > 0; ) {
    const batch = randomBatch(suite, Math.min(left, BATCH_RANGES), random);
    yield batch;
    left -= batch.mappings.reduce((sum, { ranges }) => sum + ranges, 0);
  }
}

/**
 * What shared anonymous mappings of a batch have in common, for trace events do not tell them apart, and the
 * limit of swap entries that all are held to.
 */
type Common = Pick<CacheMapping, 'advice' | 'shift'> & Pick<CacheBatch, 'maxPtesSwap'>;

function randomBatch(suite: CacheSuite, count: number, random: Random): CacheBatch {
  const maxPtesSwap = pick([0, 3, PAGES / 8, PAGES - 1], random);
  const common = { advice: randomAdvice(random), shift: randomShift(random), maxPtesSwap };
  const mappings: CacheMapping[] = [];
  for (let left = count; left > 0; ) {
    const kind: MappedKind = suite === 'files' ? 'ext4' : pick(SHARED_KINDS, random);
    const mapping = randomMapping(kind, Math.min(left, pick([1, 1, 1, 2, 3], random)), common, random);
    mappings.push(mapping);
    left -= mapping.ranges;
  }
  // Files need the top level, shared memory the settings of its own: what goes with neither is rarer.
  const isFiles = suite === 'files';
  const others = random() < 0.2;
  return {
    enabled:
      isFiles && !others ? pick(['always', 'always', 'madvise'], random) : pick(TOP_LEVEL_WORDS, random),
    shmem: isFiles && !others ? 'never' : pick(SHMEM_WORDS, random),
    size: isFiles && !others ? 'never' : pick(SHMEM_SIZE_WORDS, random),
    maxPtesNone: pick([...noneLimits(CACHE_GEOMETRY), PAGES - 1], random),
    maxPtesSwap,
    mappings,
  };
}

function randomAdvice(random: Random): CacheMapping['advice'] {
  return pick([undefined, undefined, undefined, 'hugepage', 'hugepage', 'nohugepage'] as const, random);
}

function randomShift(random: Random): number {
  return random() < 0.08 ? pick([1, 1, 255, 1 + below(PAGES - 1, random)], random) : 0;
}

function randomMapping(kind: MappedKind, ranges: number, common: Common, random: Random): CacheMapping {
  const isFile = kind === 'ext4';
  const isAnon = kind === 'anon';
  // Shared anonymous memory and that of System V is mapped as it is made: whole, shared and writable.
  const isNamed = !isAnon && kind !== 'sysv';
  const offset = isNamed && random() < 0.2 ? 1 + below(2, random) : 0;
  const isPrivate = isNamed && random() < 0.25;
  const readonly = isNamed && random() < 0.2;
  const present = randomLists(ranges, random);
  const wasRead = isFile && random() < 0.6;
  const none = new Uint32Array(present.length);
  const sometimes = (chance: number, pages: Occupancy, density: number) =>
    random() < chance ? some(pages, density, random) : none;
  const mapping = cacheMapping(kind, ranges, {
    advice: isAnon ? common.advice : randomAdvice(random),
    shift: isAnon ? common.shift : randomShift(random),
    private: isPrivate,
    readonly,
    exec: isNamed && random() < 0.15,
    filled: isFile && random() < 0.15,
    // What is read ahead beyond a range is in the next one: that depends on the device and on time.
    random: isFile && (ranges > 1 || random() < 0.3),
    offset,
    folioOrder: random() < 0.3 ? 1 + below(CACHE_GEOMETRY.pmdOrder, random) : 0,
    written: wasRead ? none : present,
    read: wasRead ? present : none,
    swap:
      random() < 0.15
        ? firstOf(present, common.maxPtesSwap + below(2, random))
        : sometimes(0.3, present, pick([0.005, 0.05, 0.3, 1], random)),
    punched: isFile ? none : sometimes(0.1, present, 0.02),
    mapped: sometimes(0.4, present, pick([0.02, 0.5, 1], random)),
    cow: isPrivate && !readonly ? sometimes(0.5, present, 0.02) : none,
    dirty: isFile ? sometimes(0.2, present, pick([0.005, 0.5], random)) : none,
  });
  return isNamed && random() < 0.25 ? { ...mapping, bytes: randomSize(mapping, random) } : mapping;
}

/** A size at which the file ends within or near what is mapped. */
function randomSize({ offset, ranges }: CacheMapping, random: Random): number {
  const page = 2 ** CACHE_GEOMETRY.pageShift;
  const end = (offset + ranges) * rangeBytes(CACHE_GEOMETRY);
  const nearEdge = pick(
    [end - 1, end - page, end - page + 1, end - rangeBytes(CACHE_GEOMETRY), end + page],
    random,
  );
  return random() < 0.5 ? nearEdge : random() < 0.2 ? 1 + below(3 * page, random) : 1 + below(end, random);
}

/** Pages of several ranges, each chosen by itself; now and then a range has none. */
function randomLists(ranges: number, random: Random): Occupancy {
  const words = wordsPerRange(CACHE_GEOMETRY);
  const lists = new Uint32Array(ranges * words);
  for (let range = 0; range < ranges; range++)
    if (random() < 0.95) lists.set(randomPages(random, CACHE_GEOMETRY), range * words);
  return lists;
}

/** The first so many of the pages. */
function firstOf(pages: Occupancy, count: number): Occupancy {
  const chosen = new Uint32Array(pages.length);
  for (let page = 0, left = count; page < pages.length * 32 && left > 0; page++) {
    if (!hasPage(pages, page)) continue;
    setPage(chosen, page);
    left--;
  }
  return chosen;
}

/** Some of the pages: runs as often as single ones. */
function some(pages: Occupancy, chance: number, random: Random): Occupancy {
  const chosen = new Uint32Array(pages.length);
  const count = pages.length * 32;
  if (random() < 0.5) {
    const first = below(count, random);
    const end = first + 1 + below(Math.max(1, Math.floor(count * chance)), random);
    for (let page = first; page < Math.min(end, count); page++)
      if (hasPage(pages, page)) setPage(chosen, page);
    return chosen;
  }
  for (let page = 0; page < count; page++)
    if (hasPage(pages, page) && random() < chance) setPage(chosen, page);
  return chosen;
}
