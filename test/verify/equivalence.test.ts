import { describe, expect, test } from 'vitest';
import { formatOrders, ordersOf } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import type { ScanResult } from '../../src/core/rules/scan-result.ts';
import { walk } from '../../src/core/search/walk.ts';
import { randomCases } from '../../src/verify/cases/random-cases.ts';
import { EVERY_ACTION, spacesToCompare } from '../../src/verify/cases/small-cases.ts';
import { CheckRun, type Coverage } from '../../src/verify/check-run.ts';
import { checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { equivalence } from '../../src/verify/equivalence.ts';
import { RELATIONS, type Relation } from '../../src/verify/relation.ts';
import { wrongKey } from '../../src/verify/wrong.ts';
import { seed } from '../support/seed.ts';
import { EXHAUSTIVE, WHOLE } from '../support/slice.ts';
import { builtIn, examined, searching, sliced } from './algorithms.ts';

const cases = (coverage: readonly Coverage[]) => coverage.map((each) => each.cases);
const small = (results?: readonly ScanResult[]) =>
  spacesToCompare(results).filter(({ pmdOrder }) => pmdOrder === 3);
const SUCCEED: ScanResult = 'SCAN_SUCCEED';

/** The spaces of small cases, in order: their PMD order, and how many cases they have. */
const SMALL_CASES = [
  [3, 206_016],
  [4, 340_223],
  [4, 6_252_674],
  [4, 2_423_828],
];

describe('walk and stack', () => {
  test('are equal on every small case, or a slice of it', {
    timeout: EXHAUSTIVE,
  }, () => {
    const question = equivalence(builtIn('walk'), builtIn('stack'), 'attempts');
    const { findings, coverage } = examined(question, {
      spaces: [...small(), ...sliced(spacesToCompare().slice(1), 13)],
      randomOrders: [9],
      seed,
    });
    expect(findings).toEqual([]);
    const exhausted = coverage.filter(({ exhaustive }) => exhaustive);
    const tried = exhausted.map((each) => [each.pmdOrder, each.cases]);
    if (WHOLE) expect(tried).toEqual(SMALL_CASES);
    else {
      expect(tried[0]).toEqual(SMALL_CASES[0]);
      for (const [i, [pmdOrder, count]] of tried.entries()) {
        expect(pmdOrder).toBe(SMALL_CASES[i][0]);
        expect(count).toBeGreaterThan(SMALL_CASES[i][1] / 100);
      }
    }
    expect(cases(coverage)[4]).toBeGreaterThan(15_000);
  });
});

for (const [name, randomOrders] of [
  ['recursive', [9, 11]],
  ['stack-descend', [9]],
  ['stack', [11, 13]],
] as const) {
  test(`walk and ${name} are equal on every case of PMD order 3 and random ones of ${randomOrders}`, () => {
    const question = equivalence(builtIn('walk'), builtIn(name), 'attempts');
    const { findings, coverage } = examined(question, { spaces: small(), randomOrders, seed });
    expect(findings).toEqual([]);
    expect(cases(coverage)[0]).toBe(206_016);
  });
}

describe('a relation', () => {
  /** What is different about a search, and which relations see it. */
  const variants: [string, ReturnType<typeof builtIn>, Relation[]][] = [
    ['the walk', builtIn('walk'), []],
    ['right halves first', rightFirst(), ['attempts']],
    ['smaller windows only', withoutPmdOrder(), ['attempts', 'windows', 'collapses', 'result']],
    [
      'another result',
      checkedAlgorithmOf({ ...walk, collapse: (...asked) => failing(walk.collapse(...asked)) }),
      ['attempts', 'result'],
    ],
  ];
  for (const [name, variant, seenBy] of variants) {
    test(`${name}: seen by ${seenBy.join(', ') || 'none'}`, () => {
      const seen = (Object.keys(RELATIONS) as Relation[]).filter((relation) => {
        const question = equivalence(builtIn('walk'), variant, relation);
        return examined(question, { spaces: small([SUCCEED]) }).findings.length > 0;
      });
      // A range whose only size is left out has another coverage too.
      expect(seen.filter((relation) => relation !== 'coverage' || seenBy.length < 4)).toEqual(seenBy);
    });
  }
});

function failing(result: ScanResult): ScanResult {
  return result === 'SCAN_SUCCEED' ? 'SCAN_FAIL' : result;
}

function rightFirst() {
  return searching('right-first', (pmdOrder, tryWindow) => {
    const search = (offset: number, order: number) => {
      if (tryWindow(offset, order) !== undefined || order === 0) return;
      search(offset + 2 ** (order - 1), order - 1);
      search(offset, order - 1);
    };
    search(0, pmdOrder);
  });
}

function withoutPmdOrder() {
  return searching('without-pmd-order', (pmdOrder, tryWindow) => {
    for (let offset = 0; offset < 2 ** pmdOrder; offset += 4) tryWindow(offset, 2);
  });
}

describe('how rounds differs from the walk', () => {
  const LOWER: ScanResult[] = [
    SUCCEED,
    'SCAN_PAGE_COUNT',
    'SCAN_ALLOC_HUGE_PAGE_FAIL',
    'SCAN_PTE_MAPPED_HUGEPAGE',
  ];
  const compare = (relation: Relation, results: ScanResult[], pmdOrder = 3) =>
    examined(equivalence(builtIn('walk'), builtIn('rounds'), relation), {
      spaces: spacesToCompare(results).filter((space) => space.pmdOrder === pmdOrder),
      results,
    }).findings[0];

  for (const relation of ['windows', 'collapses', 'coverage'] as const) {
    test(`not in ${relation} where no result ends the search`, () => {
      expect(compare(relation, LOWER)).toBeUndefined();
    });
  }

  test('nor in random cases of PMD order 9', () => {
    const question = equivalence(builtIn('walk'), builtIn('rounds'), 'windows');
    expect(examined(question, { randomOrders: [9], results: LOWER, seed }).findings).toEqual([]);
  });

  /** Relation, results, PMD order; then the smallest difference: pages, orders, what fails. */
  const smallest: [Relation, ScanResult[], number, string][] = [
    ['attempts', [SUCCEED, 'SCAN_PAGE_COUNT'], 4, '0,8 2-3 0:3=SCAN_PAGE_COUNT'],
    ['windows', [SUCCEED, 'SCAN_CGROUP_CHARGE_FAIL'], 3, '0,4 2 0:2=SCAN_CGROUP_CHARGE_FAIL'],
    ['collapses', [SUCCEED, 'SCAN_COPY_MC'], 3, '0,4 2 0:2=SCAN_COPY_MC'],
    [
      'result',
      [SUCCEED, 'SCAN_ALLOC_HUGE_PAGE_FAIL', 'SCAN_PAGE_COUNT'],
      3,
      '0 2-3 0:3=SCAN_ALLOC_HUGE_PAGE_FAIL 0:2=SCAN_PAGE_COUNT',
    ],
    ['windows', [SUCCEED, 'SCAN_PAGE_DIRTY_OR_WRITEBACK'], 3, '0 2-3 0:3=SCAN_PAGE_DIRTY_OR_WRITEBACK'],
    ['windows', [SUCCEED, 'SCAN_PAGE_NOT_EXCLUSIVE'], 3, '0 2-3 0:3=SCAN_PAGE_NOT_EXCLUSIVE'],
    ['windows', [SUCCEED, 'SCAN_ALLOC_LIGHT_MISS'], 3, '0 2 0:2=SCAN_ALLOC_LIGHT_MISS'],
  ];
  for (const [relation, results, pmdOrder, expected] of smallest) {
    test(`in ${relation} if attempts end with ${results.slice(1).join(' or ')}: ${expected}`, () => {
      const found = compare(relation, results, pmdOrder).case;
      const rules = found.outcomes.map(
        ({ offset, orders, result }) => `${offset}:${ordersOf(orders)[0]}=${result}`,
      );
      const text = [formatPages(found.range.occupied), formatOrders(found.orders), ...rules].join(' ');
      expect(text).toBe(expected);
    });
  }

  test('not before PMD order 4 in the order of attempts alone', () => {
    expect(compare('attempts', [SUCCEED, 'SCAN_PAGE_COUNT'])).toBeUndefined();
  });
});

test('a seed repeats the random cases', () => {
  const question = equivalence(builtIn('walk'), builtIn('scaled'), 'attempts');
  const [first, second] = [5, 5].map((same) => examined(question, { randomOrders: [9], seed: same }));
  expect(first.findings).toEqual(second.findings);
  expect(first.cases).toBe(second.cases);
  expect(first.findings.map(({ wrong }) => wrongKey(wrong))).toContain('difference extra');
});

test('what was found is there although time ends while its case is made smaller', () => {
  const late = checkedAlgorithmOf({ name: 'late', collapse: () => SUCCEED });
  const check = new CheckRun(equivalence(builtIn('walk'), late, 'attempts'), {
    stages: [[randomCases(9, EVERY_ACTION, 1)]],
  });
  const steps = check.run();
  while (check.shrinkingSteps === 0) steps.next();
  expect(check.findings).not.toEqual([]);
});
