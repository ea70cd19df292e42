import type { ScanResult } from '../../../../src/core/rules/scan-result.ts';
import type { PolicyText, RangeText } from '../../../support/ranges.ts';

/** A window as a vector sees it: is it asked with reclaim, and which PTEs are in it? */
interface AskedWindow {
  readonly offset: number;
  readonly order: number;
  readonly reclaim: boolean;
  readonly has: (page: number) => boolean;
}

/** A test vector of docs/khugepaged.md#rounds: what is enabled and there, how attempts end, what happens. */
export interface RoundsVector {
  readonly number: string;
  readonly range: RangeText;
  readonly policy: PolicyText;
  /** The PTEs scanned; all by default. */
  readonly part?: { readonly start: number; readonly end: number };
  readonly outcome?: (window: AskedWindow) => ScanResult;
  /** "OFFSET:ORDER", "*" for reclaim, "|" between rounds. */
  readonly attempts: string;
  readonly result: ScanResult;
  /** PTEs of the windows that succeeded. */
  readonly installed?: number;
  readonly exceeded?: readonly ScanResult[];
}

const row = (first: number, order: number, count: number) =>
  Array.from({ length: count }, (_, i) => `${first + i * 2 ** order}:${order}`).join(' ');

const whenFails =
  (fails: (window: AskedWindow) => boolean, result: ScanResult) =>
  (window: AskedWindow): ScanResult =>
    fails(window) ? result : 'SCAN_SUCCEED';

const COUNT = 'SCAN_PAGE_COUNT';
const ALLOC = 'SCAN_ALLOC_HUGE_PAGE_FAIL';
const LIGHT = 'SCAN_ALLOC_LIGHT_MISS';
const AROUND_37 = '0:8 256:8 | 0:7 128:7 | 0:6 64:6 | 0:5 32:5 | 32:4 48:4 | 32:3 40:3 | 32:2 36:2';
const SUCCEED = 'SCAN_SUCCEED';
const ALL = { present: 'all' };
const SWAP_AT_END = { present: '0-479', swap: '480-511' };

export const roundsVectors: readonly RoundsVector[] = [
  {
    number: '1',
    range: { present: '0-15' },
    policy: { orders: '2-9', maxPtesNone: 0 },
    attempts: '0:4',
    result: SUCCEED,
    exceeded: ['SCAN_EXCEED_NONE_PTE'],
  },
  {
    number: '2',
    range: { present: '0-15' },
    policy: { orders: '2-9', maxPtesNone: 511 },
    attempts: '0:9',
    result: SUCCEED,
    exceeded: [],
  },
  {
    number: '3',
    range: { present: '4-7,12-27' },
    policy: { orders: '2-8', maxPtesNone: 0 },
    attempts: '4:2 12:2 16:3 24:2',
    result: SUCCEED,
    exceeded: ['SCAN_EXCEED_NONE_PTE'],
  },
  {
    number: '4',
    range: { ...ALL, pinned: '37' },
    policy: { orders: '2-9', maxPtesNone: 0 },
    outcome: whenFails(({ has }) => has(37), COUNT),
    attempts: `0:9 | ${AROUND_37}`,
    result: SUCCEED,
    installed: 508,
  },
  {
    number: '5',
    range: { ...ALL, locked: '37' },
    policy: { orders: '2-9', maxPtesNone: 0 },
    attempts: '0:5 32:2 40:3 48:4 64:6 128:7 256:8',
    result: SUCCEED,
  },
  {
    number: '6',
    range: { ...ALL, locked: '37' },
    policy: { orders: '2-9', maxPtesNone: 511 },
    outcome: whenFails(({ has }) => has(37), 'SCAN_PAGE_LOCK'),
    attempts: AROUND_37,
    result: SUCCEED,
    installed: 508,
  },
  {
    number: '7',
    range: ALL,
    policy: { orders: '7-9', maxPtesNone: 0 },
    outcome: () => ALLOC,
    attempts: '0:9 | 0:8 256:8 | 256:7 384:7 0:7 128:7',
    result: ALLOC,
  },
  {
    number: '8',
    range: ALL,
    policy: { orders: '2-9', maxPtesNone: 511 },
    outcome: whenFails(({ order }) => order > 6, ALLOC),
    attempts: '0:9 | 0:8 256:8 | 256:7 384:7 0:7 128:7 | 128:6 192:6 0:6 64:6 384:6 448:6 256:6 320:6',
    result: SUCCEED,
  },
  {
    number: '9',
    range: ALL,
    policy: { orders: '6-9', maxPtesNone: 511 },
    outcome: ({ order, reclaim }) => (!reclaim ? LIGHT : order > 7 ? ALLOC : SUCCEED),
    attempts: '0:9 | 0:9* | 0:8 256:8 | 256:8* 0:8* | 0:7 128:7 256:7 384:7 | 384:7* 256:7* 128:7* 0:7*',
    result: SUCCEED,
    installed: 512,
  },
  {
    number: '10',
    range: SWAP_AT_END,
    policy: { orders: '2-9', maxPtesNone: 0 },
    outcome: whenFails(({ order }) => order === 9, COUNT),
    attempts: '0:9 | 0:8 256:7 384:6 448:5',
    result: SUCCEED,
  },
  {
    number: '11',
    range: SWAP_AT_END,
    policy: { orders: '5,6,8,9', maxPtesNone: 511 },
    outcome: ({ order, has }) => (order === 9 ? COUNT : has(480) ? 'SCAN_EXCEED_SWAP_PTE' : SUCCEED),
    attempts: '0:9 | 0:8 256:8 | 256:6 320:6 384:6 448:6 | 448:5',
    result: SUCCEED,
    installed: 480,
  },
  {
    number: '12',
    range: { present: '0-99,165-511', swap: '100-164' },
    policy: { orders: '2-9' },
    attempts: '',
    result: 'SCAN_EXCEED_SWAP_PTE',
    exceeded: ['SCAN_EXCEED_SWAP_PTE'],
  },
  {
    number: '13',
    range: ALL,
    policy: { orders: '3,6,9', maxPtesNone: 0 },
    outcome: ({ offset, order }) =>
      order === 9 ? COUNT : offset === 64 && order === 6 ? 'SCAN_CGROUP_CHARGE_FAIL' : SUCCEED,
    attempts: `0:9 | ${row(0, 6, 8)}`,
    result: SUCCEED,
    installed: 448,
  },
  {
    number: '14',
    range: ALL,
    policy: { orders: '6', maxPtesNone: 0 },
    outcome: whenFails(({ offset }) => offset === 0, 'SCAN_COPY_MC'),
    attempts: row(0, 6, 8),
    result: 'SCAN_COPY_MC',
    installed: 448,
  },
  {
    number: '15',
    range: ALL,
    policy: { orders: '4,6', maxPtesNone: 511 },
    outcome: () => 'SCAN_PTE_MAPPED_HUGEPAGE',
    attempts: row(0, 6, 8),
    result: 'SCAN_FAIL',
  },
  {
    number: '16',
    range: { present: '0-511:1/2' },
    policy: { orders: '4,9', maxPtesNone: 256 },
    outcome: () => ALLOC,
    attempts: '0:9',
    result: ALLOC,
  },
  {
    number: '17',
    range: { ...ALL, unreferenced: 'all' },
    policy: { orders: '4,9', maxPtesNone: 511 },
    attempts: row(0, 4, 32),
    result: SUCCEED,
  },
  {
    number: '17, {9} only',
    range: { ...ALL, unreferenced: 'all' },
    policy: { orders: '9', maxPtesNone: 511 },
    attempts: '',
    result: 'SCAN_LACK_REFERENCED_PAGE',
  },
  {
    number: '18',
    range: {},
    policy: { orders: '2-9', maxPtesNone: 511 },
    attempts: '',
    result: 'SCAN_LACK_REFERENCED_PAGE',
    exceeded: ['SCAN_EXCEED_NONE_PTE'],
  },
  {
    number: '19',
    range: { ...ALL, shared: '0-255' },
    policy: { orders: '4', maxPtesNone: 0 },
    attempts: row(0, 4, 32),
    result: SUCCEED,
  },
  {
    number: '19, 257 shared',
    range: { ...ALL, shared: '0-256' },
    policy: { orders: '4', maxPtesNone: 0 },
    attempts: '',
    result: 'SCAN_EXCEED_SHARED_PTE',
    exceeded: ['SCAN_EXCEED_SHARED_PTE'],
  },
  {
    number: '20',
    range: { present: '130,200-255' },
    policy: { orders: '4,7', maxPtesNone: 511 },
    part: { start: 128, end: 256 },
    outcome: whenFails(({ order }) => order === 7, COUNT),
    attempts: '128:7 | 128:4 192:4 208:4 224:4 240:4',
    result: SUCCEED,
    installed: 80,
  },
  {
    number: '21',
    range: { present: '144-255', swap: '128-143' },
    policy: { orders: '4,7', maxPtesNone: 511 },
    part: { start: 128, end: 256 },
    outcome: whenFails(({ offset }) => offset < 144, 'SCAN_EXCEED_SWAP_PTE'),
    attempts: `128:7 | ${row(144, 4, 7)}`,
    result: SUCCEED,
  },
  {
    number: '21, 17 in swap',
    range: { present: '145-255', swap: '128-144' },
    policy: { orders: '4,7', maxPtesNone: 511 },
    part: { start: 128, end: 256 },
    attempts: '',
    result: 'SCAN_EXCEED_SWAP_PTE',
  },
  {
    number: '22',
    range: { pmdOrder: 13, present: '0-1023' },
    policy: { pmdOrder: 13, orders: '4,8', maxPtesNone: 0 },
    part: { start: 0, end: 1024 },
    outcome: whenFails(({ offset, order }) => offset === 0 && order === 8, COUNT),
    attempts: `0:8 256:8 | 512:8 ${row(0, 4, 16)} | 768:8`,
    result: SUCCEED,
  },
  {
    number: '23',
    range: { pmdOrder: 13, present: '0-2047' },
    policy: { pmdOrder: 13, orders: '8-10', maxPtesNone: 0 },
    part: { start: 0, end: 2048 },
    outcome: whenFails(({ offset, order }) => order > 8 && offset === 0, COUNT),
    attempts: '0:10 | 1024:10 | 0:9 | 512:9 | 0:8 256:8',
    result: SUCCEED,
  },
  {
    number: '5.1, the trace',
    range: { present: '0-95' },
    policy: { orders: '4,5', maxPtesNone: 0 },
    part: { start: 0, end: 96 },
    outcome: whenFails(({ offset, order }) => order === 5 && offset < 64, COUNT),
    attempts: '0:5 32:5 64:5 | 32:4 48:4 0:4 16:4',
    result: SUCCEED,
  },
];
