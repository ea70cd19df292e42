import { below, pick, type Random } from '../../core/base/random.ts';
import { type Geometry, pagesPerRange, rangeBytes, x86_64 } from '../../core/memory/geometry.ts';
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
} from '../../core/memory/occupancy.ts';
import { asOrderSet, MIN_ANON_ORDER, type OrderSet, orderSet } from '../../core/memory/order.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import {
  PAGE_LISTS,
  PROBE_GEOMETRY,
  type ProbeBatch,
  type ProbeRange,
  probeRange,
} from '../probe/probe-batch.ts';
import type { RandomSuite } from '../suite-names.ts';

/**
 * Ranges of a batch: enough to make the set-up of a policy cheap, few enough to meet many policies, and to
 * lie in the guest's memory.
 */
const BATCH_RANGES = 40;
const BATCH_BYTES = 256 * 2 ** 20;

/** The values of max_ptes_none that are asked about. */
export function noneLimits(geometry: Geometry): number[] {
  const pages = pagesPerRange(geometry);
  return [0, 1, pages / 8, pages / 2, pages - 2, pages - 1];
}

/** For a PMD order of 9; of another, the sets are moved by the difference, and orders below 2 left out. */
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
];

function orderSets({ pmdOrder }: Geometry): OrderSet[] {
  const moved = ORDER_SETS.map((orders) => orders.map((order) => order + pmdOrder - x86_64.pmdOrder));
  return moved
    .map((orders) => orders.filter((order) => order >= MIN_ANON_ORDER))
    .filter((orders) => orders.length > 0)
    .map(orderSet);
}

/** The batches of a suite: `count` ranges in all. A seed reproduces them. */
export function* batchesOf(
  suite: RandomSuite,
  count: number,
  random: Random,
  geometry: Geometry = PROBE_GEOMETRY,
): Generator<ProbeBatch> {
  const most = Math.min(BATCH_RANGES, BATCH_BYTES / rangeBytes(geometry));
  for (let left = count; left > 0; left -= most) {
    const ranges = Math.min(left, most);
    yield suite === 'plain' ? plainBatch(ranges, random, geometry) : mixedBatch(ranges, random, geometry);
  }
}

function plainBatch(count: number, random: Random, geometry: Geometry): ProbeBatch {
  return {
    call: 'khugepaged',
    geometry,
    ...defaultLimits(geometry),
    orders: randomOrders(random, geometry),
    maxPtesNone: pick(noneLimits(geometry), random),
    ranges: Array.from({ length: count }, () =>
      probeRange({ present: randomPages(random, geometry) }, geometry),
    ),
  };
}

function mixedBatch(count: number, random: Random, geometry: Geometry): ProbeBatch {
  const pages = pagesPerRange(geometry);
  // In a forked batch whatever is not shared was written anew.
  const forks = random() < 0.5;
  const rest = Array.from({ length: count - 1 }, () =>
    random() < 0.04 ? probeRange({}, geometry) : mixedRange(random, forks, geometry),
  );
  // khugepaged goes round only where some page was written.
  const ranges = [probeRange({ present: randomPages(random, geometry) }, geometry), ...rest];
  if (random() < 0.2) return { call: 'madvise', geometry, span: pick([1, 1, 3], random), ranges };
  return {
    call: 'khugepaged',
    geometry,
    orders: randomOrders(random, geometry),
    maxPtesNone: pick(noneLimits(geometry), random),
    maxPtesSwap: pick([0, 3, pages / 8, pages - 1], random),
    maxPtesShared: pick([0, 3, pages / 2, pages - 1], random),
    ranges,
  };
}

export function randomOrders(random: Random, geometry: Geometry): OrderSet {
  if (random() < 0.6) return pick(orderSets(geometry), random);
  return asOrderSet(4 * (1 + below(2 ** (geometry.pmdOrder - 1) - 1, random)));
}

/** Random pages with one or more of the conditions that decide beyond presence. */
export function mixedRange(random: Random, forks: boolean, geometry: Geometry): ProbeRange {
  // Without holes it is swap alone that decides about the PMD order.
  const full = random() < 0.12;
  const chosen = full ? fullOccupancy(geometry) : randomPages(random, geometry);
  const none = emptyOccupancy(geometry);
  const sometimes = (chance: number, pages: Occupancy, density: number) =>
    random() < chance ? few(pages, density, random, geometry) : none;

  const swap = sometimes(full ? 0.5 : 0.2, chosen, pick([0.002, 0.01, 0.1, 0.5], random));
  const present = difference(chosen, swap);
  const zero = sometimes(0.3, complement(chosen), 0.3);
  const holes = complement(union(chosen, zero));
  const guard = sometimes(0.05, holes, 0.01);
  const dropped = sometimes(0.1, difference(holes, guard), 0.1);
  const folioOrder = random() < 0.5 ? MIN_ANON_ORDER + below(geometry.pmdOrder - 1, random) : 0;
  const shared = forks ? sometimes(0.6, present, pick([0.005, 0.02, 0.3, 1], random)) : none;
  const rewritten = forks ? difference(present, shared) : none;
  const small = folioOrder > 0 && random() < 0.6 ? blocks(present, random, geometry) : none;
  const armed = random() < 0.06;
  const uffd = armed ? sometimes(0.5, union(present, swap), 0.01) : none;
  const range = probeRange(
    {
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
      split: folioOrder === geometry.pmdOrder && (!isEmpty(uffd) || random() < 0.3),
      // Takes a second or so to make.
      scattered: folioOrder > 0 && folioOrder < 5 && !isEmpty(present) && random() < 0.01,
      armed,
    },
    geometry,
  );
  return random() < 0.06 ? cutOut(range, randomRun(random, geometry)) : range;
}

/** A range of which these pages lie outside of its VMA. */
function cutOut(range: ProbeRange, outside: Occupancy): ProbeRange {
  const lists = PAGE_LISTS.map((list) => [list, difference(range[list], outside)]);
  return { ...range, ...Object.fromEntries(lists), outside };
}

function randomRun(random: Random, geometry: Geometry): Occupancy {
  const all = pagesPerRange(geometry);
  const run = emptyOccupancy(geometry);
  const first = pick([0, below(all, random)], random);
  const length = 1 + below(all - first, random);
  setPages(run, random() < 0.5 ? first : all - length, length);
  return run;
}

function complement(pages: Occupancy): Occupancy {
  return pages.map((word) => ~word);
}

/** The chosen pages within some aligned blocks: neighbours that share their fate. */
function blocks(pages: Occupancy, random: Random, geometry: Geometry): Occupancy {
  const all = pagesPerRange(geometry);
  const chosen = emptyOccupancy(geometry);
  for (let count = 1 + below(10, random); count > 0; count--) {
    const order = below(geometry.pmdOrder - 1, random);
    setPages(chosen, below(all >> order, random) << order, 1 << order);
  }
  return intersection(chosen, pages);
}

function few(pages: Occupancy, chance: number, random: Random, geometry: Geometry): Occupancy {
  const all = pagesPerRange(geometry);
  const chosen = emptyOccupancy(geometry);
  for (let page = 0; page < all; page++) if (hasPage(pages, page) && random() < chance) setPage(chosen, page);
  return chosen;
}

/**
 * Runs, blocks, single holes and pages, noise: what decides at boundaries more often than chance would have
 * it.
 */
export function randomPages(random: Random, geometry: Geometry): Occupancy {
  const all = pagesPerRange(geometry);
  const pages = emptyOccupancy(geometry);
  switch (below(7, random)) {
    case 0:
      setPages(pages, 0, all);
      break;
    case 1: {
      const density = random();
      for (let page = 0; page < all; page++) if (random() < density) setPage(pages, page);
      break;
    }
    case 2:
      for (let runs = 1 + below(6, random); runs > 0; runs--) {
        const first = below(all, random);
        setPages(pages, first, 1 + below(all - first, random));
      }
      break;
    case 3:
      for (let blocks = 1 + below(12, random); blocks > 0; blocks--) {
        const order = below(geometry.pmdOrder, random);
        setPages(pages, below(all >> order, random) << order, 1 << order);
      }
      break;
    case 4: {
      setPages(pages, 0, all);
      for (let holes = 1 + below(4, random); holes > 0; holes--) {
        const hole = below(all, random);
        pages[hole >>> 5] &= ~(1 << (hole & 31));
      }
      break;
    }
    case 5:
      for (let single = 1 + below(4, random); single > 0; single--) setPage(pages, below(all, random));
      break;
    case 6: {
      // So many pages as to lie at the limit of the PMD size.
      const present = all - pick(noneLimits(geometry), random) + below(3, random) - 1;
      setPages(pages, 0, Math.min(all, Math.max(1, present)));
      break;
    }
  }
  return pages;
}
