import { expect, test } from 'vitest';
import type { CollapseAlgorithm } from '../../../src/core/search/algorithm.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { limitCases } from '../../../src/verify/cases/limit-cases.ts';
import { EVERY_ACTION } from '../../../src/verify/cases/small-cases.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { Verification } from '../../../src/verify/verification.ts';

/** The walk, with something else made of the limits of orders. */
function walkWith(of: (limit: number | undefined, order: number) => number | undefined): CollapseAlgorithm {
  return {
    name: 'other-limits',
    collapse: (range, policy, attempt, observe) => {
      const { noneLimits } = policy;
      return walk.collapse(range, { ...policy, noneLimits: noneLimits?.map(of) }, attempt, observe);
    },
  };
}

function compare(algorithm: CollapseAlgorithm, options: { limitsByOrder?: boolean; pmdOrder?: number }) {
  const algorithms = [checkedAlgorithmOf(walk), checkedAlgorithmOf(algorithm)];
  const asked = { kind: 'equivalence', relation: 'attempts' } as const;
  const made = Verification.of(asked, algorithms, { seed: 5, ...options });
  if (!made.ok) throw new Error(made.failure.message);
  for (const _ of made.value.check.run());
  return made.value.report();
}

test('at PMD order 3 every limit of every order comes, the fewest PTEs first', () => {
  const seen = new Set<string>();
  let before = 0;
  for (const { shape } of limitCases(3, EVERY_ACTION).cases()) {
    const [bits] = shape.range.occupied;
    const limits = [2, 3].map((order) => shape.noneLimits?.[order] ?? '-');
    seen.add(`${bits} ${shape.orders} ${limits}`);
    const ptes = bits.toString(2).replaceAll('0', '').length;
    expect(ptes).toBeGreaterThanOrEqual(before);
    before = ptes;
  }
  // 255 ranges with a page: no order, each limit of order 2, each of both; order 3 alone where the scan
  // lets them through.
  const ofOrderThree = Array.from(
    { length: 256 },
    (_, bits) => 8 - bits.toString(2).replaceAll('0', '').length,
  )
    .filter((holes) => holes < 8)
    .reduce((sum, holes) => sum + 8 - holes, 0);
  expect(seen.size).toBe(255 * (1 + 4 + 4 * 8) + ofOrderThree);
});

test('who ignores the limits of orders is found where these are tried, and the case names one limit alone', () => {
  const ignores = walkWith(() => undefined);
  expect(compare(ignores, { pmdOrder: 3 }).findings).toEqual([]);
  const { findings } = compare(ignores, { pmdOrder: 3, limitsByOrder: true });
  const added = findings.find(({ wrong }) => wrong.kind === 'difference' && wrong.name === 'missing');
  expect(added).toBeDefined();
  const [{ case: found }] = findings;
  expect(found.range.geometry.pmdOrder).toBe(3);
  expect(found.noneLimits?.filter((limit) => limit !== undefined)).toHaveLength(1);
});

test('one too few for one order of PMD order 9 is found, and shrunk', () => {
  const [{ case: found }] = compare(
    walkWith((limit, order) => (order === 7 && limit ? limit - 1 : limit)),
    { pmdOrder: 9, limitsByOrder: true },
  ).findings;
  expect(found.noneLimits?.[7]).toBeGreaterThan(0);
  expect(found.noneLimits?.filter((limit) => limit !== undefined)).toHaveLength(1);
});

test('random limits of orders are tried at the orders that are not exhausted', () => {
  const { coverage } = compare(walk, { limitsByOrder: true, pmdOrder: 5 });
  expect(coverage.map(({ what }) => what)).toEqual([
    expect.stringContaining('as many holes as its order lets pass'),
    expect.stringContaining('limits of each order'),
  ]);
});
