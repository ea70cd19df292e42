import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder, rangeBytes, x86_64 } from '../../../src/core/memory/geometry.ts';
import { type OrderSet, orderSet } from '../../../src/core/memory/order.ts';
import {
  type AdvisedVma,
  type MadvisePlan,
  type MissingTable,
  planMadvise,
} from '../../../src/core/plan/madvise-collapse.ts';
import { KERNEL_MODELS } from '../../../src/core/rules/kernel-model.ts';
import { SCAN_RESULTS, type ScanResult } from '../../../src/core/rules/scan-result.ts';
import { outcomesOf, plan, type RangeText, rangeOf } from '../../support/ranges.ts';

const PAGE = 4096;
const RANGE = rangeBytes(x86_64);
/** Where the VMA of a call begins, unless said otherwise. */
const BASE = 64 * RANGE;
const FULL: RangeText = { present: 'all' };
const MODELS = Object.keys(KERNEL_MODELS) as (keyof typeof KERNEL_MODELS)[];

interface CallText {
  /** What the ranges from BASE on hold; every later one is full. */
  readonly ranges?: readonly (RangeText | MissingTable)[];
  /** By default one that holds these ranges. */
  readonly vmas?: readonly Partial<AdvisedVma>[];
  /** By default BASE and the length of the ranges. */
  readonly start?: number;
  readonly length?: number;
  readonly model?: keyof typeof KERNEL_MODELS;
  /** Results decided in advance, by the position of the range. */
  readonly outcomes?: readonly (readonly string[])[];
}

function vmaOf(facts: Partial<AdvisedVma>): AdvisedVma {
  return { start: BASE, end: BASE + 4 * RANGE, orders: orderSet([9]), written: true, ...facts };
}

function call({ ranges = [], vmas, start = BASE, outcomes = [], ...text }: CallText): MadvisePlan {
  const length = text.length ?? ranges.length * RANGE;
  return planMadvise({
    start,
    length,
    vmas: (vmas ?? [{ end: BASE + ranges.length * RANGE }]).map(vmaOf),
    rangeAt(address) {
      const range = ranges[(address - BASE) / RANGE] ?? FULL;
      return typeof range === 'string' ? range : rangeOf({ ...range, address });
    },
    model: KERNEL_MODELS[text.model ?? 'linux-7.2'],
    geometry: x86_64,
    outcomesAt: (address) => outcomesOf(outcomes[(address - BASE) / RANGE] ?? [], x86_64),
  });
}

/** The errno, or 0, and the result of each range: "EINVAL: SUCCEED NO_PTE_TABLE". */
function said(text: CallText): string {
  const { errno, ranges } = call(text);
  return [`${errno ?? 0}:`, ...ranges.map(({ result }) => result.replace('SCAN_', ''))].join(' ');
}

describe('the errno of the last result, and whether the next range is looked at', () => {
  const table: Record<string, readonly ScanResult[]> = {
    'ENOMEM, stop': ['SCAN_ALLOC_HUGE_PAGE_FAIL'],
    'EBUSY, stop': ['SCAN_CGROUP_CHARGE_FAIL', 'SCAN_EXCEED_NONE_PTE'],
    'EAGAIN, go on': ['SCAN_PAGE_COUNT', 'SCAN_PAGE_LOCK', 'SCAN_PAGE_LRU', 'SCAN_DEL_PAGE_LRU'],
    'EAGAIN, stop': ['SCAN_PAGE_FILLED', 'SCAN_PAGE_HAS_PRIVATE', 'SCAN_PAGE_DIRTY_OR_WRITEBACK'],
    'EINVAL, go on': [
      'SCAN_NO_PTE_TABLE',
      'SCAN_PTE_NON_PRESENT',
      'SCAN_PTE_UFFD',
      'SCAN_LACK_REFERENCED_PAGE',
      'SCAN_PAGE_NULL',
      'SCAN_PAGE_COMPOUND',
    ],
    '0, go on': ['SCAN_SUCCEED', 'SCAN_PMD_MAPPED'],
  };
  const listed = new Set(Object.values(table).flat());
  table['EINVAL, stop'] = SCAN_RESULTS.filter((result) => !listed.has(result));

  for (const [expected, results] of Object.entries(table)) {
    test.for(results)(`${expected}: %s`, (result) => {
      const { errno, ranges } = call({ ranges: [FULL, FULL], outcomes: [[`9=${result}`]] });
      expect(`${errno ?? 0}, ${ranges.length === 2 ? 'go on' : 'stop'}`).toBe(expected);
    });
  }

  test('results of the scan count as those of attempts', () => {
    expect(said({ ranges: [{ present: 'all', locked: '3' }, FULL] })).toBe('EAGAIN: PAGE_LOCK SUCCEED');
    expect(said({ ranges: [{ present: 'all', pinned: '3' }, FULL] })).toBe('EAGAIN: PAGE_COUNT SUCCEED');
    expect(said({ ranges: [{ present: 'all', uffd: '3' }, FULL] })).toBe('EINVAL: PTE_UFFD SUCCEED');
  });
});

describe('several ranges', () => {
  const pinned: RangeText = { present: 'all', pinned: '0' };

  test('all collapse, or are huge already: 0', () => {
    expect(said({ ranges: [FULL, { present: 'all', pmdMapped: true }, { present: '7' }] })).toBe(
      '0: SUCCEED PMD_MAPPED SUCCEED',
    );
  });

  test('what collapsed before and after a failure stays collapsed', () => {
    expect(said({ ranges: [FULL, 'no-pte-table', FULL] })).toBe('EINVAL: SUCCEED NO_PTE_TABLE SUCCEED');
    const outcomes = [[], ['9=SCAN_ALLOC_HUGE_PAGE_FAIL']];
    expect(said({ ranges: [FULL, FULL, FULL], outcomes })).toBe('ENOMEM: SUCCEED ALLOC_HUGE_PAGE_FAIL');
  });

  test('the last failure gives the errno', () => {
    expect(said({ ranges: [pinned, 'no-pte-table', FULL] })).toBe('EINVAL: PAGE_COUNT NO_PTE_TABLE SUCCEED');
    expect(said({ ranges: ['no-pte-table', pinned] })).toBe('EAGAIN: NO_PTE_TABLE PAGE_COUNT');
  });

  test('each comes with its address and plan; one without a page table has no plan', () => {
    const { ranges } = call({ ranges: [{ present: '0-9' }, 'no-pte-table'] });
    expect(ranges).toMatchObject([
      { address: BASE, plan: { attempts: [{ offset: 0, order: 9, result: 'SCAN_SUCCEED', pages: 10 }] } },
      { address: BASE + RANGE, plan: undefined },
    ]);
  });
});

describe('what stops khugepaged and not MADV_COLLAPSE', () => {
  const refusals: readonly (readonly [string, RangeText, ScanResult])[] = [
    ['a single page', { present: '7' }, 'SCAN_EXCEED_NONE_PTE'],
    ['an empty page table', {}, 'SCAN_EXCEED_NONE_PTE'],
    ['zero pages alone', { present: 'all', zero: 'all' }, 'SCAN_EXCEED_NONE_PTE'],
    ['swap entries', { present: '0-99', swap: '100-511' }, 'SCAN_EXCEED_SWAP_PTE'],
    ['swap entries alone', { swap: 'all' }, 'SCAN_EXCEED_SWAP_PTE'],
    ['shared pages', { present: 'all', shared: 'all' }, 'SCAN_EXCEED_SHARED_PTE'],
    ['pages not used of late', { present: 'all', unreferenced: 'all' }, 'SCAN_LACK_REFERENCED_PAGE'],
    ['MADV_FREE pages', { present: 'all', lazyfree: '3' }, 'SCAN_PAGE_LAZYFREE'],
  ];
  for (const [name, range, refusal] of refusals) {
    test(`${name}`, () => {
      const limits = { orders: '9', maxPtesNone: 0, maxPtesSwap: 0, maxPtesShared: 0 };
      expect(plan(range, limits).result).toBe(refusal);
      for (const model of MODELS) expect(said({ ranges: [range], model })).toBe('0: SUCCEED');
    });
  }

  test('swap entries with few pages used of late: all are read in', () => {
    const range = { present: '0-254', swap: '255-511', unreferenced: '0-254' };
    const { errno, ranges } = call({ ranges: [range] });
    expect(errno).toBeUndefined();
    expect(ranges).toMatchObject([{ plan: { swappedInPages: 257, attempts: [{ pages: 512 }] } }]);
  });

  test('pages used of late are not even counted', () => {
    expect(call({ ranges: [FULL] }).ranges).toMatchObject([{ plan: { scan: { referenced: 0 } } }]);
  });

  test('a THP mapped by PTEs, whole or in part', () => {
    expect(said({ ranges: [{ present: 'all', folios: ['9@0-511'] }] })).toBe('0: SUCCEED');
    expect(said({ ranges: [{ present: '300-511', folios: ['9@300-511'] }] })).toBe('0: SUCCEED');
  });
});

describe('what stops MADV_COLLAPSE too', () => {
  test('a hole where userfaultfd is armed', () => {
    expect(said({ ranges: [{ present: '0-510', uffdArmed: true }, FULL] })).toBe('EBUSY: EXCEED_NONE_PTE');
    expect(said({ ranges: [{ present: 'all', zero: '9', uffdArmed: true }] })).toBe('EBUSY: EXCEED_NONE_PTE');
    expect(said({ ranges: [{ present: 'all', uffdArmed: true }] })).toBe('0: SUCCEED');
  });

  test('a guard marker; swap entries before it are read in', () => {
    const range = { present: '0-479', swap: '480-511', guard: '500' };
    const { errno, ranges } = call({ ranges: [range, FULL] });
    expect(errno).toBe('EINVAL');
    expect(ranges).toMatchObject([{ result: 'SCAN_FAIL', plan: { swappedInPages: 20 } }]);
  });

  test('nothing smaller is tried instead', () => {
    const { ranges } = call({ ranges: [FULL], outcomes: [['9=SCAN_PAGE_COUNT']] });
    expect(ranges).toMatchObject([{ plan: { attempts: [{ offset: 0, order: 9 }] } }]);
  });
});

describe('where a page table is missing', () => {
  const ranges = (missing: MissingTable) => [FULL, missing, FULL];

  test.for(MODELS)('%s', (model) => {
    const stops = model === 'linux-6.6' || model === 'linux-6.18';
    expect(said({ ranges: ranges('no-pte-table'), model })).toBe(
      stops ? 'EINVAL: SUCCEED NO_PTE_TABLE' : 'EINVAL: SUCCEED NO_PTE_TABLE SUCCEED',
    );
    expect(said({ ranges: ranges('no-pmd-table'), model })).toBe('EINVAL: SUCCEED NO_PTE_TABLE SUCCEED');
  });
});

describe('the VMAs of a call', () => {
  test.for([
    ['the PMD order is not possible', { orders: 0 as OrderSet }],
    ['only smaller orders are possible', { orders: orderSet([2, 8]) }],
    ['it was never written', { written: false }],
  ] as const)('EINVAL if %s', ([, facts]) => {
    expect(said({ vmas: [facts], length: RANGE })).toBe('EINVAL:');
    // Also where the call holds no whole range of it.
    expect(said({ vmas: [facts], length: PAGE })).toBe('EINVAL:');
  });

  const first = { end: BASE + RANGE };
  const second = { start: BASE + RANGE, end: BASE + 2 * RANGE };
  const third = { start: BASE + 2 * RANGE };

  test('come one after another', () => {
    expect(said({ vmas: [first, second, third], length: 3 * RANGE })).toBe('0: SUCCEED SUCCEED SUCCEED');
  });

  test('the error of one ends the call', () => {
    const vmas = [first, { ...second, orders: 0 as OrderSet }, third];
    expect(said({ vmas, length: 3 * RANGE })).toBe('EINVAL: SUCCEED');
    const outcomes = [['9=SCAN_PAGE_COUNT']];
    expect(said({ vmas: [first, second], length: 2 * RANGE, outcomes })).toBe('EAGAIN: PAGE_COUNT');
  });

  test('a range that no VMA covers alone is passed over', () => {
    const middle = BASE + RANGE + 9 * PAGE;
    const vmas = [{ end: middle }, { start: middle }];
    expect(said({ vmas, length: 3 * RANGE })).toBe('0: SUCCEED SUCCEED');
  });

  test('unmapped pages before, between and after them: ENOMEM once all else is done', () => {
    expect(said({ vmas: [second, third], length: 3 * RANGE })).toBe('ENOMEM: SUCCEED SUCCEED');
    expect(said({ vmas: [first, third], length: 3 * RANGE })).toBe('ENOMEM: SUCCEED SUCCEED');
    expect(said({ vmas: [first, second], length: 3 * RANGE })).toBe('ENOMEM: SUCCEED SUCCEED');
    expect(said({ vmas: [], length: RANGE })).toBe('ENOMEM:');
    expect(said({ vmas: [first], start: BASE + RANGE, length: PAGE })).toBe('ENOMEM:');
    expect(said({ vmas: [second], length: PAGE })).toBe('ENOMEM:');
  });

  test('the error of a VMA comes before that of unmapped pages', () => {
    const vmas = [first, { ...third, written: false }];
    expect(said({ vmas, length: 3 * RANGE })).toBe('EINVAL: SUCCEED');
  });

  test('those beyond the call do not matter', () => {
    const vmas = [{ ...first, written: false }, second, { ...third, written: false }];
    expect(said({ vmas, start: BASE + RANGE, length: RANGE })).toBe('0: SUCCEED');
  });
});

describe('start and length', () => {
  const of = (start: number, length: number, model?: 'linux-6.18') =>
    said({ vmas: [{}], start: BASE + start, length, model });

  test('a start inside a page: EINVAL, whatever the length', () => {
    expect([of(1, RANGE), of(PAGE - 1, 0)]).toEqual(['EINVAL:', 'EINVAL:']);
  });

  test('length 0: 0, mapped or not', () => {
    expect([of(0, 0), of(PAGE, 0, 'linux-6.18'), of(9 * RANGE, 0)]).toEqual(['0:', '0:', '0:']);
  });

  test('the length is rounded up to whole pages', () => {
    expect(of(0, RANGE - PAGE + 1)).toBe('0: SUCCEED');
    expect(of(0, RANGE - PAGE)).toBe('0:');
  });

  test('only whole ranges are looked at', () => {
    expect(of(PAGE, 3 * RANGE)).toBe('0: SUCCEED SUCCEED');
    expect(of(RANGE - PAGE, RANGE + 2 * PAGE)).toBe('0: SUCCEED');
  });

  test('pages around or at an end of a range: 0, no range looked at', () => {
    for (const model of [undefined, 'linux-6.18'] as const) {
      expect([of(0, PAGE, model), of(RANGE - PAGE, PAGE, model)]).toEqual(['0:', '0:']);
      expect(of(RANGE - PAGE, 2 * PAGE, model)).toBe('0:');
    }
  });

  test('pages inside a range: 0, but EINVAL in 6.18', () => {
    expect([of(PAGE, PAGE), of(PAGE, RANGE - 2 * PAGE)]).toEqual(['0:', '0:']);
    expect([of(PAGE, PAGE, 'linux-6.18'), of(PAGE, RANGE - 2 * PAGE, 'linux-6.18')]).toEqual([
      'EINVAL:',
      'EINVAL:',
    ]);
  });

  test('follow the geometry', () => {
    const geometry = geometryOfPmdOrder(11);
    const bytes = rangeBytes(geometry);
    const inOtherGeometry = (start: number, length: number) => {
      const { errno, ranges } = planMadvise({
        start,
        length,
        vmas: [{ start: bytes, end: 3 * bytes, orders: orderSet([11]), written: true }],
        rangeAt: (address) => rangeOf({ pmdOrder: 11, present: '5', address }),
        model: KERNEL_MODELS['linux-7.3'],
        geometry,
      });
      return [errno, ...ranges.map(({ result }) => result)];
    };
    expect(inOtherGeometry(bytes + PAGE, bytes)).toEqual(['EINVAL']);
    expect(inOtherGeometry(bytes, 2 * bytes)).toEqual([undefined, 'SCAN_SUCCEED', 'SCAN_SUCCEED']);
  });
});
