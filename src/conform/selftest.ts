import { pagesPerRange } from '../core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPages,
} from '../core/memory/occupancy.ts';
import { asOrder, type Order, orderSet } from '../core/memory/order.ts';
import { defaultLimits } from '../core/rules/policy.ts';
import { PROBE_GEOMETRY, type ProbeBatch, type ProbeRange, probeRange } from './probe-batch.ts';
import type { BatchReport } from './probe-report.ts';

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

const NR = pagesPerRange(PROBE_GEOMETRY);
const PMD_ORDER = asOrder(PROBE_GEOMETRY.pmdOrder);
const { maxPtesSwap, maxPtesShared } = defaultLimits(PROBE_GEOMETRY);
const FULL = fullOccupancy(PROBE_GEOMETRY);

/** Orders of the folios that memory is made of before, as its option -s: 0 for small pages. */
const FAULT_ORDERS = [0, 2, 3, 4, 6, 7];

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
export function selftests(): Selftest[] {
  return [
    ...FAULT_ORDERS.flatMap((faultOrder) =>
      faultedCases(faultOrder).flatMap((each) => pmdTests(each, faultOrder)),
    ),
    ...compoundCases().flatMap((each) => pmdTests(each, 0)),
    ...[2, 3, 4, 5, 6, 7, 8].flatMap((order) => mthpTests(asOrder(order))),
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
function faultedCases(order: number): Case[] {
  const of = (facts: Partial<ProbeRange>) => probeRange({ folioOrder: order, ...facts });
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
function compoundCases(): Case[] {
  const huge = (facts: Partial<ProbeRange>) => probeRange({ folioOrder: PMD_ORDER, present: FULL, ...facts });
  // The pages that the process wrote after the fork are its own small ones.
  const sharedBut = (written: Occupancy) => huge({ shared: difference(FULL, written), small: written });
  const full = probeRange({ present: FULL });
  return [
    {
      name: 'collapse_empty',
      ranges: [probeRange({}), full],
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
    { name: 'collapse_compound_extreme', ranges: [huge({ scattered: true })], khugepaged: [1], madvise: [1] },
    {
      name: 'collapse_fork',
      ranges: [probeRange({ present: pages(0, 2), shared: pages(0, 1) })],
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

function pmdTests(each: Case, faultOrder: number): Selftest[] {
  const { name, ranges, maxPtesNone = NR - 1 } = each;
  const orders = orderSet(faultOrder > 0 ? [faultOrder, PMD_ORDER] : [PMD_ORDER]);
  const limits = { maxPtesNone, maxPtesSwap, maxPtesShared: each.maxPtesShared ?? maxPtesShared };
  const success = ranges.map(() => '0').join();
  const suffix = faultOrder > 0 ? ` -s ${faultOrder}` : '';
  return [
    {
      name: `khugepaged ${name}${suffix}`,
      batch: { call: 'khugepaged', geometry: PROBE_GEOMETRY, orders, ...limits, ranges },
      order: PMD_ORDER,
      collapses: each.khugepaged,
    },
    {
      name: `madvise ${name}${suffix}`,
      batch: { call: 'madvise', geometry: PROBE_GEOMETRY, span: 1, ranges },
      order: PMD_ORDER,
      collapses: each.madvise,
      errno: each.errno ?? success,
    },
  ];
}

/** One mTHP size alone, for memory of smaller folios. */
function mthpTests(order: Order): Selftest[] {
  return FAULT_ORDERS.filter((faultOrder) => faultOrder < order).flatMap((faultOrder) => {
    const orders = orderSet(faultOrder > 0 ? [faultOrder, order] : [order]);
    const test = (name: string, present: Occupancy, collapses: number): Selftest => ({
      name: `mthp_khugepaged ${name} -c ${order}${faultOrder > 0 ? ` -s ${faultOrder}` : ''}`,
      batch: {
        call: 'khugepaged',
        geometry: PROBE_GEOMETRY,
        orders,
        ...defaultLimits(PROBE_GEOMETRY),
        // khugepaged goes round only where there is a page: that of the range beside.
        ranges: [probeRange({ present, folioOrder: faultOrder }), probeRange({ present: pages(0, 1) })],
      },
      order,
      collapses: [collapses, 1],
    });
    return [
      test('collapse_full', FULL, NR >> order),
      test('collapse_empty', emptyOccupancy(PROBE_GEOMETRY), 0),
      test('collapse_single_mthp', pages(0, 1 << order), 1),
    ];
  });
}

function pages(first: number, count: number): Occupancy {
  const chosen = emptyOccupancy(PROBE_GEOMETRY);
  setPages(chosen, first, count);
  return chosen;
}
