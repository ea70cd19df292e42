import { below, pick, type Random } from '../core/base/random.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  fullOccupancy,
  hasPage,
  intersection,
  isEmpty,
  type Occupancy,
  setPage,
  setPages,
  union,
} from '../core/memory/occupancy.ts';
import { asOrderSet, type OrderSet, orderSet } from '../core/memory/order.ts';
import { defaultLimits } from '../core/rules/policy.ts';
import { PAGE_LISTS, PROBE_GEOMETRY, type ProbeBatch, type ProbeRange, probeRange } from './probe-batch.ts';
import type { RandomSuite } from './suite-names.ts';

const PAGES = pagesPerRange(PROBE_GEOMETRY);

/** Ranges of a batch: enough to make the set-up of a policy cheap, few enough to meet many policies. */
const BATCH_RANGES = 40;

export const NONE_LIMITS = [0, 1, 64, 256, 510, 511];

const ORDER_SETS = [
  [9],
  [8],
  [4],
  [2],
  [2, 9],
  [4, 9],
  [3, 6, 9],
  [2, 4],
  [4, 6],
  [2, 3, 4, 5, 6, 7, 8],
  [2, 3, 4, 5, 6, 7, 8, 9],
  [5, 7],
  [3, 8],
  [6, 9],
  [2, 5, 8],
  [7, 8, 9],
].map(orderSet);

/** The batches of a suite: `count` ranges in all. A seed reproduces them. */
export function* batchesOf(suite: RandomSuite, count: number, random: Random): Generator<ProbeBatch> {
  for (let left = count; left > 0; left -= BATCH_RANGES) {
    const ranges = Math.min(left, BATCH_RANGES);
    yield suite === 'plain' ? plainBatch(ranges, random) : mixedBatch(ranges, random);
  }
}

function plainBatch(count: number, random: Random): ProbeBatch {
  return {
    call: 'khugepaged',
    ...defaultLimits(PROBE_GEOMETRY),
    orders: randomOrders(random),
    maxPtesNone: pick(NONE_LIMITS, random),
    ranges: Array.from({ length: count }, () => probeRange({ present: randomPages(random) })),
  };
}

function mixedBatch(count: number, random: Random): ProbeBatch {
  // In a forked batch whatever is not shared was written anew.
  const forks = random() < 0.5;
  const rest = Array.from({ length: count - 1 }, () =>
    random() < 0.04 ? probeRange({}) : mixedRange(random, forks),
  );
  // khugepaged goes round only where some page was written.
  const ranges = [probeRange({ present: randomPages(random) }), ...rest];
  if (random() < 0.2) return { call: 'madvise', span: pick([1, 1, 3], random), ranges };
  return {
    call: 'khugepaged',
    orders: randomOrders(random),
    maxPtesNone: pick(NONE_LIMITS, random),
    maxPtesSwap: pick([0, 3, 64, 511], random),
    maxPtesShared: pick([0, 3, 256, 511], random),
    ranges,
  };
}

export function randomOrders(random: Random): OrderSet {
  if (random() < 0.6) return pick(ORDER_SETS, random);
  return asOrderSet(4 * (1 + below(255, random)));
}

/** Random pages with one or more of the conditions that decide beyond presence. */
export function mixedRange(random: Random, forks: boolean): ProbeRange {
  // Without holes it is swap alone that decides about the PMD order.
  const full = random() < 0.12;
  const chosen = full ? fullOccupancy(PROBE_GEOMETRY) : randomPages(random);
  const none = emptyOccupancy(PROBE_GEOMETRY);
  const sometimes = (chance: number, pages: Occupancy, density: number) =>
    random() < chance ? few(pages, density, random) : none;

  const swap = sometimes(full ? 0.5 : 0.2, chosen, pick([0.002, 0.01, 0.1, 0.5], random));
  const present = difference(chosen, swap);
  const zero = sometimes(0.3, complement(chosen), 0.3);
  const holes = complement(union(chosen, zero));
  const guard = sometimes(0.05, holes, 0.01);
  const dropped = sometimes(0.1, difference(holes, guard), 0.1);
  const folioOrder = random() < 0.5 ? 2 + below(8, random) : 0;
  const shared = forks ? sometimes(0.6, present, pick([0.005, 0.02, 0.3, 1], random)) : none;
  const rewritten = forks ? difference(present, shared) : none;
  const small = folioOrder > 0 && random() < 0.6 ? blocks(present, random) : none;
  const armed = random() < 0.06;
  const uffd = armed ? sometimes(0.5, union(present, swap), 0.01) : none;
  const range = probeRange({
    present,
    zero,
    swap,
    guard,
    dropped,
    shared,
    unreferenced: sometimes(0.25, present, pick([0.1, 0.9, 1], random)),
    pinned: sometimes(0.05, present, 0.01),
    // MADV_FREE of a part of a folio splits it.
    lazyfree: isEmpty(shared) && folioOrder === 0 ? sometimes(0.05, present, 0.02) : none,
    // Pages dropped before the fork are written before it, and so shared like any other.
    small: folioOrder > 0 ? union(difference(small, shared), rewritten) : none,
    uffd,
    folioOrder,
    // Write-protecting one page of a folio that a PMD maps splits that mapping.
    split: folioOrder === PROBE_GEOMETRY.pmdOrder && (!isEmpty(uffd) || random() < 0.3),
    // Takes a second or so to make.
    scattered: folioOrder > 0 && folioOrder < 5 && !isEmpty(present) && random() < 0.01,
    armed,
  });
  return random() < 0.06 ? cutOut(range, randomRun(random)) : range;
}

/** A range of which these pages lie outside of its VMA. */
function cutOut(range: ProbeRange, outside: Occupancy): ProbeRange {
  const lists = PAGE_LISTS.map((list) => [list, difference(range[list], outside)]);
  return { ...range, ...Object.fromEntries(lists), outside };
}

function randomRun(random: Random): Occupancy {
  const run = emptyOccupancy(PROBE_GEOMETRY);
  const first = pick([0, below(PAGES, random)], random);
  const length = 1 + below(PAGES - first, random);
  setPages(run, random() < 0.5 ? first : PAGES - length, length);
  return run;
}

function complement(pages: Occupancy): Occupancy {
  return pages.map((word) => ~word);
}

/** The chosen pages within some aligned blocks: neighbours that share their fate. */
function blocks(pages: Occupancy, random: Random): Occupancy {
  const chosen = emptyOccupancy(PROBE_GEOMETRY);
  for (let count = 1 + below(10, random); count > 0; count--) {
    const order = below(8, random);
    setPages(chosen, below(PAGES >> order, random) << order, 1 << order);
  }
  return intersection(chosen, pages);
}

function few(pages: Occupancy, chance: number, random: Random): Occupancy {
  const chosen = emptyOccupancy(PROBE_GEOMETRY);
  for (let page = 0; page < PAGES; page++)
    if (hasPage(pages, page) && random() < chance) setPage(chosen, page);
  return chosen;
}

/**
 * Runs, blocks, single holes and pages, noise: what decides at boundaries more often than chance would have
 * it.
 */
export function randomPages(random: Random): Occupancy {
  const pages = emptyOccupancy(PROBE_GEOMETRY);
  switch (below(7, random)) {
    case 0:
      setPages(pages, 0, PAGES);
      break;
    case 1: {
      const density = random();
      for (let page = 0; page < PAGES; page++) if (random() < density) setPage(pages, page);
      break;
    }
    case 2:
      for (let runs = 1 + below(6, random); runs > 0; runs--) {
        const first = below(PAGES, random);
        setPages(pages, first, 1 + below(PAGES - first, random));
      }
      break;
    case 3:
      for (let blocks = 1 + below(12, random); blocks > 0; blocks--) {
        const order = below(9, random);
        setPages(pages, below(PAGES >> order, random) << order, 1 << order);
      }
      break;
    case 4: {
      setPages(pages, 0, PAGES);
      for (let holes = 1 + below(4, random); holes > 0; holes--) {
        const hole = below(PAGES, random);
        pages[hole >>> 5] &= ~(1 << (hole & 31));
      }
      break;
    }
    case 5:
      for (let single = 1 + below(4, random); single > 0; single--) setPage(pages, below(PAGES, random));
      break;
    case 6: {
      // So many pages as to lie at the limit of the PMD size.
      const present = PAGES - pick(NONE_LIMITS, random) + below(3, random) - 1;
      setPages(pages, 0, Math.min(PAGES, Math.max(1, present)));
      break;
    }
  }
  return pages;
}
