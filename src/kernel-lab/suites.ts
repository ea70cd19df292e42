import { pagesPerRange } from '../core/geometry.ts';
import {
  emptyOccupancy,
  hasPage,
  intersection,
  type Occupancy,
  setPage,
  setPages,
} from '../core/occupancy.ts';
import { type OrderSet, orderSet } from '../core/order.ts';
import { defaultLimits } from '../core/policy.ts';
import { LAB_GEOMETRY, type LabBatch, type LabRange } from './lab-batch.ts';
import { below, pick, type Random } from '../core/random.ts';

const PAGES = pagesPerRange(LAB_GEOMETRY);
export const SUITES = ['plain', 'mixed'] as const;
export type Suite = (typeof SUITES)[number];

/** Ranges of a batch: enough to make the set-up of a policy cheap, few enough for the memory of the guest. */
const BATCH_RANGES = 100;

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
export function* batchesOf(suite: Suite, count: number, random: Random): Generator<LabBatch> {
  for (let left = count; left > 0; left -= BATCH_RANGES) {
    const policy = {
      orders: randomOrders(random),
      maxPtesNone: pick(NONE_LIMITS, random),
      maxPtesSwap: defaultLimits(LAB_GEOMETRY).maxPtesSwap,
      maxPtesShared:
        suite === 'plain' ? defaultLimits(LAB_GEOMETRY).maxPtesShared : pick([0, 3, 256, 511], random),
    };
    // A fork would turn old folios into shared ones, and writing them into small pages: one or the other.
    const forks = random() < 0.5;
    const range = () => (suite === 'plain' ? plainRange(random) : mixedRange(random, forks));
    yield { ...policy, ranges: Array.from({ length: Math.min(left, BATCH_RANGES) }, range) };
  }
}

function randomOrders(random: Random): OrderSet {
  if (random() < 0.6) return pick(ORDER_SETS, random);
  return (4 * (1 + below(255, random))) as OrderSet;
}

function plainRange(random: Random): LabRange {
  const none = emptyOccupancy(LAB_GEOMETRY);
  return {
    present: randomPages(random),
    zero: none,
    shared: none,
    unreferenced: none,
    pinned: none,
    lazyfree: none,
    folioOrder: 0,
    small: none,
  };
}

/** A plain range with one or two of the conditions that decide beyond presence. */
function mixedRange(random: Random, forks: boolean): LabRange {
  const plain = plainRange(random);
  const of = (chance: number) => few(plain.present, chance, random);
  const none = plain.zero;
  const holes = plain.present.map((word) => ~word);
  const folioOrder = !forks && random() < 0.5 ? 2 + below(8, random) : 0;
  const shared = forks && random() < 0.6 ? of(pick([0.005, 0.02, 0.3, 1], random)) : none;
  return {
    ...plain,
    zero: random() < 0.3 ? few(holes, 0.3, random) : none,
    shared,
    unreferenced: random() < 0.25 ? of(pick([0.1, 0.9, 1], random)) : none,
    pinned: random() < 0.05 ? of(0.01) : none,
    // MADV_FREE of a part of a folio splits it.
    lazyfree: random() < 0.05 && shared === none && folioOrder === 0 ? of(0.02) : none,
    folioOrder,
    small: folioOrder > 0 && random() < 0.6 ? blocks(plain.present, random) : none,
  };
}

/** The chosen pages within some aligned blocks: neighbours that share their fate. */
function blocks(pages: Occupancy, random: Random): Occupancy {
  const chosen = emptyOccupancy(LAB_GEOMETRY);
  for (let count = 1 + below(10, random); count > 0; count--) {
    const order = below(8, random);
    setPages(chosen, below(PAGES >> order, random) << order, 1 << order);
  }
  return intersection(chosen, pages);
}

function few(pages: Occupancy, chance: number, random: Random): Occupancy {
  const chosen = emptyOccupancy(LAB_GEOMETRY);
  for (let page = 0; page < PAGES; page++)
    if (hasPage(pages, page) && random() < chance) setPage(chosen, page);
  return chosen;
}

/** Runs, blocks, single holes and pages, noise: what decides at boundaries more often than chance would have it. */
function randomPages(random: Random): Occupancy {
  const pages = emptyOccupancy(LAB_GEOMETRY);
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
