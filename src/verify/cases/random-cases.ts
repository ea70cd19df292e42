import { plural } from '../../core/base/plural.ts';
import { below, pick, type Random, randomFrom } from '../../core/base/random.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import {
  clearPage,
  countPages,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPage,
  setPages,
} from '../../core/memory/occupancy.ts';
import { anonOrders, asOrderSet, MIN_ANON_ORDER, type OrderSet, ordersOf } from '../../core/memory/order.ts';
import { isPossibleOnRetry } from '../../core/rules/outcome.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace, DecideOutcome, TriedCase } from './case-space.ts';
import { reachesSearch } from './search-case.ts';

/** Random cases at PMD order 9; a range twice as long takes about twice as long. */
const RANDOM_CASES = 24_000;

/** Random cases of a PMD order, the same ones for the same seed. */
export function randomCases(
  pmdOrder: number,
  results: readonly ScanResult[],
  seed: number,
  limitsByOrder = false,
): CaseSpace {
  return {
    pmdOrder,
    what: `random ranges, sets of orders, ${limitsByOrder ? 'limits of each order' : 'limits'} and outcomes of ${plural(results.length, 'result')}, seed ${seed}`,
    exhaustive: false,
    results,
    limits: undefined,
    *cases(): Generator<TriedCase> {
      const random = randomFrom(seed + pmdOrder);
      for (let left = RANDOM_CASES >> Math.max(0, pmdOrder - 9); left > 0; left--) {
        const drawn = randomCase(pmdOrder, results, random);
        const tried = limitsByOrder ? withLimits(drawn, random) : drawn;
        if (reachesSearch(tried.shape, countPages(tried.shape.range.occupied))) yield tried;
      }
    },
  };
}

/** A case of a large PMD order, made to meet what searches decide by: edges of windows, limits, failures. */
function randomCase(pmdOrder: number, results: readonly ScanResult[], random: Random): TriedCase {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const pages = pagesPerRange(geometry);
  const maxPtesNone = pick([0, 0, pages - 1, pages - 1, below(pages, random)], random);
  const occupied = randomPages(geometry, maxPtesNone, random);
  const room = pages - countPages(occupied);
  const unmapped = random() < 0.7 ? 0 : below(Math.min(room, pages >>> 3) + 1, random);
  const range = { geometry, occupied, unmapped, uffdArmed: random() < 0.2 };
  return {
    shape: { range, orders: randomOrders(geometry, random), maxPtesNone },
    outcome: randomOutcome(geometry, results, random),
  };
}

/** The same with a limit for some orders: none, all but one, or any. */
function withLimits({ shape, outcome }: TriedCase, random: Random): TriedCase {
  const noneLimits = Array.from({ length: shape.range.geometry.pmdOrder + 1 }, (_, order) => {
    const largest = (1 << order) - 1;
    const limit = pick([0, largest, below(largest + 1, random)], random);
    return order < MIN_ANON_ORDER || random() < 0.3 ? undefined : limit;
  });
  return { shape: { ...shape, noneLimits }, outcome };
}

function randomOrders(geometry: Geometry, random: Random): OrderSet {
  const all = anonOrders(geometry);
  const single = () => 1 << pick(ordersOf(all), random);
  const masks = [
    all,
    all & ~(1 << geometry.pmdOrder),
    single(),
    single() | single(),
    single() | (1 << geometry.pmdOrder),
  ];
  return asOrderSet(random() < 0.5 ? pick(masks, random) : all & (below(2 ** 14, random) | 0));
}

/** Pages in patterns that searches stumble over. */
function randomPages(geometry: Geometry, maxPtesNone: number, random: Random): Occupancy {
  const pages = pagesPerRange(geometry);
  const occupied = emptyOccupancy(geometry);
  switch (below(8, random)) {
    case 0: // everything, but for a few holes
      occupied.set(fullOccupancy(geometry));
      for (let holes = below(4, random); holes > 0; holes--) clearPage(occupied, below(pages, random));
      break;
    case 1: // a few single pages
      for (let singles = below(5, random); singles > 0; singles--) setPage(occupied, below(pages, random));
      break;
    case 2: // one half of one window
      setBlock(occupied, geometry, random, 0.5);
      break;
    case 3: // whole windows
      for (let blocks = 1 + below(12, random); blocks > 0; blocks--) setBlock(occupied, geometry, random, 1);
      break;
    case 4: // runs that begin and end next to the edges of windows
      for (let runs = 1 + below(6, random); runs > 0; runs--) {
        const [first, last] = [nearEdge(geometry, random), nearEdge(geometry, random)].sort((a, b) => a - b);
        setPages(occupied, first, last - first + 1);
      }
      break;
    case 5: // as many pages as the PMD order's limit asks for, or one more or less
      setPages(occupied, 0, Math.min(pages, Math.max(0, pages - maxPtesNone + below(3, random) - 1)));
      break;
    case 6: {
      // scattered pages
      const density = random();
      for (let page = 0; page < pages; page++) if (random() < density) setPage(occupied, page);
      break;
    }
    default: // runs anywhere
      for (let runs = 1 + below(8, random); runs > 0; runs--) {
        const first = below(pages, random);
        setPages(occupied, first, 1 + below(pages - first, random));
      }
  }
  return occupied;
}

function setBlock(occupied: Occupancy, geometry: Geometry, random: Random, share: number): void {
  const order = 1 + below(geometry.pmdOrder, random);
  const first = below(1 << (geometry.pmdOrder - order), random) << order;
  const count = share * (1 << order);
  setPages(occupied, first + (random() < 0.5 ? 0 : (1 << order) - count), count);
}

function nearEdge(geometry: Geometry, random: Random): number {
  const order = 2 + below(geometry.pmdOrder - 1, random);
  const edge = below((1 << (geometry.pmdOrder - order)) + 1, random) << order;
  return Math.min(Math.max(edge + below(3, random) - 1, 0), pagesPerRange(geometry) - 1);
}

/** Ends that depend on the window alone: by chance, by order, by a bad page, or one window only. */
function randomOutcome(geometry: Geometry, results: readonly ScanResult[], random: Random): DecideOutcome {
  const [usual] = results;
  const onRetry = results.filter(isPossibleOnRetry);
  const other = pick(results, random);
  switch (below(5, random)) {
    case 0:
      return () => usual;
    case 1: {
      const order = below(geometry.pmdOrder + 1, random);
      return (_, tried, reclaim) => (tried > order && (!reclaim || isPossibleOnRetry(other)) ? other : usual);
    }
    case 2: {
      const page = below(pagesPerRange(geometry), random);
      return (offset, order, reclaim) =>
        page >= offset && page < offset + (1 << order) && (!reclaim || isPossibleOnRetry(other))
          ? other
          : usual;
    }
    default: {
      const salt = below(2 ** 31, random);
      const failing = random();
      return (offset, order, reclaim) => {
        const draw = scatter(salt + ((offset << 4) | order) + (reclaim ? 1 << 20 : 0)) / 2 ** 32;
        const ends = reclaim ? onRetry : results;
        return draw >= failing ? usual : ends[Math.floor((draw / failing) * ends.length)];
      };
    }
  }
}

/** Scatters an integer over 32 bits. */
function scatter(value: number): number {
  let bits = Math.imul(value ^ (value >>> 16), 0x45d9f3b);
  bits = Math.imul(bits ^ (bits >>> 16), 0x45d9f3b);
  return (bits ^ (bits >>> 16)) >>> 0;
}
