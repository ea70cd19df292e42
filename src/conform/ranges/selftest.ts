import { type Geometry, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPages,
} from '../../core/memory/occupancy.ts';
import { asOrder, MIN_ANON_ORDER, type Order, orderSet } from '../../core/memory/order.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import { PROBE_GEOMETRY, type ProbeBatch, type ProbeRange, probeRange } from '../probe/probe-batch.ts';
import type { BatchReport } from '../probe/probe-report.ts';

/**
 * A case of the kernel's own khugepaged selftest, with what the selftest itself expects.
 * Source: tools/testing/selftests/mm/khugepaged.c, docs/khugepaged.md#selftest.
 */
export interface Selftest {
  readonly name: string;
  readonly batch: ProbeBatch;
  /** The order to collapse to, and for each range how many windows of it collapse at once. */
  readonly order: Order;
  readonly collapses: readonly number[];
  /** What madvise returns. */
  readonly errno?: string;
}

/** Orders of the folios that memory is made of before, as its option -s: 0 for small pages. */
function faultOrders({ pmdOrder }: Geometry): number[] {
  return [0, 2, 3, 4, 6, 7].filter((order) => order < pmdOrder - 1);
}

/** The most memory that a case may take while it is made: a guest has 3G and more. */
const MOST_BYTES = 1.5 * 2 ** 30;

/** What a case makes of memory, and whether khugepaged and MADV_COLLAPSE must collapse it. */
interface Case {
  readonly name: string;
  readonly ranges: readonly ProbeRange[];
  readonly khugepaged: readonly number[];
  readonly madvise: readonly number[];
  readonly maxPtesNone?: number;
  readonly maxPtesShared?: number;
  readonly errno?: string;
}

/** All anonymous cases, for khugepaged, for khugepaged with one mTHP size alone, and for MADV_COLLAPSE. */
export function selftests(geometry: Geometry = PROBE_GEOMETRY): Selftest[] {
  const mthpOrders = Array.from({ length: geometry.pmdOrder - MIN_ANON_ORDER }, (_, i) => MIN_ANON_ORDER + i);
  return [
    ...faultOrders(geometry).flatMap((faultOrder) =>
      faultedCases(faultOrder, geometry).flatMap((each) => pmdTests(each, faultOrder, geometry)),
    ),
    ...compoundCases(geometry).flatMap((each) => pmdTests(each, 0, geometry)),
    ...mthpOrders.flatMap((order) => mthpTests(asOrder(order), geometry)),
  ];
}

/** Whether a report shows what the selftest expects. */
export function selftestPasses(test: Selftest, report: BatchReport): boolean {
  const collapses = report.passes.map(
    ([first = '']) => first.split(',').filter((attempt) => attempt === `${test.order} succeeded`).length,
  );
  const errnos = test.errno ?? report.errnos;
  return collapses.join() === test.collapses.join() && report.errnos === errnos;
}

/** Cases whose memory comes from faults of one order. */
function faultedCases(order: number, geometry: Geometry): Case[] {
  const [NR, FULL] = [pagesPerRange(geometry), fullOccupancy(geometry)];
  const { maxPtesSwap } = defaultLimits(geometry);
  const of = (facts: Partial<ProbeRange>) => probeRange({ folioOrder: order, ...facts }, geometry);
  const pages = (first: number, count: number) => pagesFrom(first, count, geometry);
  const lastPages = (count: number) => pages(NR - count, count);
  return [
    {
      name: 'collapse_full',
      ranges: [1, 2, 3, 4].map(() => of({ present: FULL })),
      khugepaged: [1, 1, 1, 1],
      madvise: [1, 1, 1, 1],
    },
    {
      name: 'collapse_single_pte_entry',
      ranges: [of({ present: pages(0, 1 << order) })],
      khugepaged: [1],
      madvise: [1],
    },
    {
      name: 'collapse_max_ptes_none',
      maxPtesNone: NR / 2,
      ranges: [of({ present: pages(0, NR / 2 - (1 << order)) }), of({ present: pages(0, NR / 2) })],
      khugepaged: [0, 1],
      madvise: [1, 1],
    },
    {
      name: 'collapse_swapin_single_pte',
      ranges: [of({ present: difference(FULL, pages(1, 1)), swap: pages(1, 1) })],
      khugepaged: [1],
      madvise: [1],
    },
    {
      name: 'collapse_max_ptes_swap',
      ranges: [maxPtesSwap + 1, maxPtesSwap].map((count) =>
        of({ present: difference(FULL, lastPages(count)), swap: lastPages(count) }),
      ),
      khugepaged: [0, 1],
      madvise: [1, 1],
    },
  ];
}

/** Cases that make their own huge pages, or none. */
function compoundCases(geometry: Geometry): Case[] {
  const [NR, FULL] = [pagesPerRange(geometry), fullOccupancy(geometry)];
  const { maxPtesShared } = defaultLimits(geometry);
  const pages = (first: number, count: number) => pagesFrom(first, count, geometry);
  const range = (facts: Partial<ProbeRange>) => probeRange(facts, geometry);
  const huge = (facts: Partial<ProbeRange>) =>
    range({ folioOrder: geometry.pmdOrder, present: FULL, ...facts });
  // The pages that the process wrote after the fork are its own small ones.
  const sharedBut = (written: Occupancy) => huge({ shared: difference(FULL, written), small: written });
  const full = range({ present: FULL });
  return [
    {
      name: 'collapse_empty',
      ranges: [range({}), full],
      khugepaged: [0, 1],
      madvise: [0, 1],
      errno: 'EINVAL,0',
    },
    {
      name: 'collapse_single_pte_entry_compound',
      ranges: [huge({ present: pages(0, 1) })],
      khugepaged: [1],
      madvise: [1],
    },
    { name: 'collapse_full_of_compound', ranges: [huge({ split: true })], khugepaged: [1], madvise: [1] },
    // Every page is the first of a folio of the PMD order.
    ...(NR * rangeBytes(geometry) > MOST_BYTES
      ? []
      : [
          {
            name: 'collapse_compound_extreme',
            ranges: [huge({ scattered: true })],
            khugepaged: [1],
            madvise: [1],
          },
        ]),
    {
      name: 'collapse_fork',
      ranges: [range({ present: pages(0, 2), shared: pages(0, 1) })],
      khugepaged: [1],
      madvise: [1],
    },
    {
      name: 'collapse_fork_compound',
      maxPtesShared: NR - 1,
      ranges: [sharedBut(pages(0, 1))],
      khugepaged: [1],
      madvise: [1],
    },
    {
      name: 'collapse_max_ptes_shared',
      ranges: [NR - maxPtesShared - 1, NR - maxPtesShared].map((count) => sharedBut(pages(0, count))),
      khugepaged: [0, 1],
      madvise: [1, 1],
    },
    { name: 'madvise_collapse_existing_thps', ranges: [huge({})], khugepaged: [0], madvise: [0], errno: '0' },
  ];
}

function pmdTests(each: Case, faultOrder: number, geometry: Geometry): Selftest[] {
  const { name, ranges, maxPtesNone = pagesPerRange(geometry) - 1 } = each;
  const order = asOrder(geometry.pmdOrder);
  const { maxPtesSwap, maxPtesShared } = defaultLimits(geometry);
  const orders = orderSet(faultOrder > 0 ? [faultOrder, order] : [order]);
  const limits = { maxPtesNone, maxPtesSwap, maxPtesShared: each.maxPtesShared ?? maxPtesShared };
  const success = ranges.map(() => '0').join();
  const suffix = faultOrder > 0 ? ` -s ${faultOrder}` : '';
  return [
    {
      name: `khugepaged ${name}${suffix}`,
      batch: { call: 'khugepaged', geometry, orders, ...limits, ranges },
      order,
      collapses: each.khugepaged,
    },
    {
      name: `madvise ${name}${suffix}`,
      batch: { call: 'madvise', geometry, span: 1, ranges },
      order,
      collapses: each.madvise,
      errno: each.errno ?? success,
    },
  ];
}

/** One mTHP size alone, for memory of smaller folios. */
function mthpTests(order: Order, geometry: Geometry): Selftest[] {
  const pages = (first: number, count: number) => pagesFrom(first, count, geometry);
  return faultOrders(geometry)
    .filter((faultOrder) => faultOrder < order)
    .flatMap((faultOrder) => {
      const orders = orderSet(faultOrder > 0 ? [faultOrder, order] : [order]);
      const test = (name: string, present: Occupancy, collapses: number): Selftest => ({
        name: `mthp_khugepaged ${name} -c ${order}${faultOrder > 0 ? ` -s ${faultOrder}` : ''}`,
        batch: {
          call: 'khugepaged',
          geometry,
          orders,
          ...defaultLimits(geometry),
          // khugepaged goes round only where there is a page: that of the range beside.
          ranges: [{ present, folioOrder: faultOrder }, { present: pages(0, 1) }].map((facts) =>
            probeRange(facts, geometry),
          ),
        },
        order,
        collapses: [collapses, 1],
      });
      return [
        test('collapse_full', fullOccupancy(geometry), pagesPerRange(geometry) >> order),
        test('collapse_empty', emptyOccupancy(geometry), 0),
        test('collapse_single_mthp', pages(0, 1 << order), 1),
      ];
    });
}

function pagesFrom(first: number, count: number, geometry: Geometry): Occupancy {
  const chosen = emptyOccupancy(geometry);
  setPages(chosen, first, count);
  return chosen;
}
