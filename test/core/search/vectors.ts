import type { ScanResult } from '../../../src/core/rules/scan-result.ts';

/** A test vector of docs/khugepaged.md#walk-vectors. Its inputs are the values of command line flags. */
export interface Vector {
  readonly number: number;
  /** --pmd-order */
  readonly pmdOrder: number;
  /** --orders */
  readonly orders: string;
  /** --max-ptes-none */
  readonly maxPtesNone: number;
  /** --pattern */
  readonly present: string;
  /** --swap; "" for none */
  readonly swap: string;
  /** --outcome, repeated */
  readonly outcomes: readonly string[];
  /** (offset, order) in the order tried */
  readonly attempts: readonly (readonly [number, number])[];
  readonly result: ScanResult;
}

type Attempts = Vector['attempts'];

/** `count` windows of one order, side by side. */
function row(first: number, order: number, count: number): Attempts {
  return Array.from({ length: count }, (_, i) => [first + i * 2 ** order, order]);
}

/** A window and, after it, all windows in its halves down to order 2. */
function nested(offset: number, order: number): Attempts {
  if (order === 2) return [[offset, 2]];
  const half = order - 1;
  return [[offset, order], ...nested(offset, half), ...nested(offset + 2 ** half, half)];
}

const plain = { pmdOrder: 9, orders: '2-9', swap: '', outcomes: [], result: 'SCAN_SUCCEED' } as const;

export const vectors: readonly Vector[] = [
  { ...plain, number: 1, maxPtesNone: 0, present: '0-15', attempts: [[0, 4]] },
  { ...plain, number: 2, maxPtesNone: 511, present: '0-15', attempts: [[0, 9]] },
  { ...plain, number: 3, orders: '2-8', maxPtesNone: 511, present: '0-15', attempts: [[0, 8]] },
  {
    ...plain,
    number: 4,
    orders: '4',
    maxPtesNone: 511,
    present: '0-15,100',
    attempts: [
      [0, 4],
      [96, 4],
    ],
  },
  { ...plain, number: 5, orders: '4', maxPtesNone: 0, present: '0-511', attempts: row(0, 4, 32) },
  { ...plain, number: 6, orders: '4,9', maxPtesNone: 0, present: '0-299', attempts: row(0, 4, 18) },
  { ...plain, number: 7, orders: '4,9', maxPtesNone: 256, present: '0-299', attempts: [[0, 9]] },
  {
    ...plain,
    number: 8,
    maxPtesNone: 0,
    present: '0-511',
    outcomes: ['2-9=SCAN_ALLOC_HUGE_PAGE_FAIL'],
    attempts: nested(0, 9),
    result: 'SCAN_ALLOC_HUGE_PAGE_FAIL',
  },
  {
    ...plain,
    number: 9,
    maxPtesNone: 511,
    present: '0-511',
    outcomes: ['7-9=SCAN_ALLOC_HUGE_PAGE_FAIL'],
    attempts: [
      [0, 9],
      [0, 8],
      [0, 7],
      [0, 6],
      [64, 6],
      [128, 7],
      [128, 6],
      [192, 6],
      [256, 8],
      [256, 7],
      [256, 6],
      [320, 6],
      [384, 7],
      [384, 6],
      [448, 6],
    ],
  },
  {
    ...plain,
    number: 10,
    orders: '2-8',
    maxPtesNone: 0,
    present: '4-7,12-27',
    attempts: [
      [4, 2],
      [12, 2],
      [16, 3],
      [24, 2],
    ],
  },
  {
    ...plain,
    number: 11,
    orders: '4,6',
    maxPtesNone: 511,
    present: '0-511',
    outcomes: ['4,6=SCAN_PTE_MAPPED_HUGEPAGE'],
    attempts: row(0, 6, 8),
    result: 'SCAN_FAIL',
  },
  { ...plain, number: 12, maxPtesNone: 0, present: '0-479', swap: '480-511', attempts: [[0, 9]] },
  {
    ...plain,
    number: 13,
    maxPtesNone: 31,
    present: '0-479',
    attempts: [
      [0, 8],
      [256, 7],
      [384, 6],
      [448, 5],
    ],
  },
  {
    ...plain,
    number: 14,
    orders: '3,6,9',
    maxPtesNone: 0,
    present: '0-511',
    outcomes: ['0:9=SCAN_PAGE_COUNT', '64:6=SCAN_CGROUP_CHARGE_FAIL'],
    attempts: [
      [0, 9],
      [0, 6],
      [64, 6],
    ],
  },
  { ...plain, number: 15, orders: '2', maxPtesNone: 0, present: '3-8', attempts: [[4, 2]] },
  { ...plain, number: 16, orders: '2', maxPtesNone: 511, present: '3-8', attempts: row(0, 2, 3) },
  {
    ...plain,
    number: 17,
    pmdOrder: 11,
    orders: '2-11',
    maxPtesNone: 0,
    present: '0-3,1024-2047',
    attempts: [
      [0, 2],
      [1024, 10],
    ],
  },
  {
    ...plain,
    number: 18,
    maxPtesNone: 0,
    present: '0-511',
    // Every window that contains PTE 37.
    outcomes: ['0:6-9=SCAN_PAGE_COUNT', '32:3-5=SCAN_PAGE_COUNT', '36:2=SCAN_PAGE_COUNT'],
    attempts: [
      [0, 9],
      [0, 8],
      [0, 7],
      [0, 6],
      [0, 5],
      [32, 5],
      [32, 4],
      [32, 3],
      [32, 2],
      [36, 2],
      [40, 3],
      [48, 4],
      [64, 6],
      [128, 7],
      [256, 8],
    ],
  },
];
