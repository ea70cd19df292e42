import { plural } from '../../core/base/plural.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { NO_ORDERS } from '../../core/memory/order.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace, TriedCase } from './case-space.ts';
import { everySetOfOrders } from './order-sets.ts';
import { OutcomeTree } from './outcome-tree.ts';
import { reachesSearch, type Shape } from './search-case.ts';

/** Shapes of a small PMD order that are all tried, with every outcome that attempts on them can have. */
export interface SmallSpace {
  readonly pmdOrder: number;
  /** What is tried, in a few words. */
  readonly what: string;
  /** Whether a range may hold these pages; bit i is page i. */
  readonly ranges: (bits: number) => boolean;
  readonly maxPtesNone: readonly number[];
  readonly mostUnmapped: number;
  readonly uffdArmed: readonly boolean[];
  readonly results: readonly ScanResult[];
}

/** One result for each thing that may follow an attempt, and a second reason to descend. */
export const EVERY_ACTION: readonly ScanResult[] = [
  'SCAN_SUCCEED',
  'SCAN_PAGE_COUNT',
  'SCAN_ALLOC_HUGE_PAGE_FAIL',
  'SCAN_PTE_MAPPED_HUGEPAGE',
  'SCAN_CGROUP_CHARGE_FAIL',
];

const ANY_RANGE = () => true;

/** Each aligned block of four PTEs is empty, full, or has its first page only. */
function isMadeOfBlocks(bits: number): boolean {
  for (let rest = bits; rest !== 0; rest >>>= 4) if (![0, 1, 15].includes(rest & 15)) return false;
  return true;
}

const plain = { ranges: ANY_RANGE, mostUnmapped: 0, uffdArmed: [false] };

/** Everything that there is at PMD order 3. */
function everythingSmall(results: readonly ScanResult[]): SmallSpace {
  return {
    ...plain,
    pmdOrder: 3,
    what: `every range, set of orders, limit, number of swapped PTEs and outcome ${of(results)}`,
    maxPtesNone: [0, 1, 2, 3, 4, 5, 6, 7],
    mostUnmapped: 8,
    uffdArmed: [false, true],
    results,
  };
}

/** Every range of 16 PTEs; all attempts have the first of the results. */
function everyRange(results: readonly ScanResult[], maxPtesNone: readonly number[]): SmallSpace {
  return {
    ...plain,
    pmdOrder: 4,
    what: `every range and set of orders, limits ${maxPtesNone.join(' and ')}, all attempts succeed`,
    maxPtesNone,
    results: results.slice(0, 1),
  };
}

/** Every outcome on ranges of 16 PTEs that are made of few kinds of blocks. */
function everyOutcome(results: readonly ScanResult[]): SmallSpace {
  return {
    ...plain,
    pmdOrder: 4,
    what: `every range of empty, single and full blocks, set of orders and outcome ${of(results)}, limits 0 and 15`,
    ranges: isMadeOfBlocks,
    uffdArmed: [false, true],
    maxPtesNone: [0, 15],
    results,
  };
}

function of(results: readonly ScanResult[]): string {
  return `of ${plural(results.length, 'result')}`;
}

/** What two algorithms are compared on exhaustively: as much as fits into some ten seconds. */
export function spacesToCompare(results: readonly ScanResult[] = EVERY_ACTION): SmallSpace[] {
  return [
    everythingSmall(results),
    everyOutcome(results),
    {
      ...plain,
      pmdOrder: 4,
      what: 'every range and set of orders, limits 0 and 15, every outcome of 2 results',
      maxPtesNone: [0, 15],
      results: results.slice(0, 2),
    },
    {
      ...everyRange(results, [6, 8, 14]),
      what: 'every range and set of orders, limits 6, 8 and 14, up to one swapped PTE, all succeed',
      mostUnmapped: 1,
    },
  ];
}

/** What one algorithm is examined on exhaustively, which takes longer a case. */
export function spacesToCheck(results: readonly ScanResult[] = EVERY_ACTION): SmallSpace[] {
  return [everythingSmall(results), everyOutcome(results), everyRange(results, [0, 15])];
}

/** Every outcome on every shape of a space. */
export function exhausted(space: SmallSpace): CaseSpace {
  const { pmdOrder, what, results, maxPtesNone } = space;
  return {
    pmdOrder,
    what,
    exhaustive: true,
    results,
    limits: maxPtesNone,
    *cases(): Generator<TriedCase> {
      const tree = new OutcomeTree(results, pmdOrder);
      for (const shape of shapesOf(space)) {
        const tried = { shape, outcome: tree.outcome };
        do yield tried;
        while (tree.advance());
      }
    },
  };
}

/**
 * The shapes of a space that a search can meet, those with the fewest PTEs first, then by the number of
 * enabled orders. The one that is handed out is changed in place for the next.
 */
export function* shapesOf(space: SmallSpace): Generator<Shape> {
  const geometry = geometryOfPmdOrder(space.pmdOrder);
  const occupied = new Uint32Array(1);
  const shape = {
    range: { geometry, occupied, unmapped: 0, uffdArmed: false },
    orders: NO_ORDERS,
    maxPtesNone: 0,
  };
  const byPages = rangesByPages(space, geometry);
  const masks = everySetOfOrders(geometry);
  for (let ptes = 0; ptes <= pagesPerRange(geometry); ptes++) {
    for (let unmapped = 0; unmapped <= Math.min(ptes, space.mostUnmapped); unmapped++) {
      shape.range.unmapped = unmapped;
      for (const uffdArmed of space.uffdArmed) {
        shape.range.uffdArmed = uffdArmed;
        for (const orders of masks) {
          shape.orders = orders;
          for (const maxPtesNone of space.maxPtesNone) {
            shape.maxPtesNone = maxPtesNone;
            if (!reachesSearch(shape, ptes - unmapped)) continue;
            for (const bits of byPages[ptes - unmapped]) {
              occupied[0] = bits;
              yield shape;
            }
          }
        }
      }
    }
  }
}

/** The ranges of a space by how many pages they hold. */
function rangesByPages({ ranges }: SmallSpace, geometry: Geometry): number[][] {
  const pages = pagesPerRange(geometry);
  const byPages: number[][] = Array.from({ length: pages + 1 }, () => []);
  const occupied = new Uint32Array(1);
  for (let bits = 0; bits < 2 ** pages; bits++) {
    occupied[0] = bits;
    if (ranges(bits)) byPages[countPages(occupied)].push(bits);
  }
  return byPages;
}
