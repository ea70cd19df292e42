import { expect, test } from 'vitest';
import type { CaseSpace } from '../../src/verify/cases/case-space.ts';
import { CheckRun } from '../../src/verify/check-run.ts';
import { type CheckedAlgorithm, checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { equivalence } from '../../src/verify/equivalence.ts';
import { Verification, type VerifyReport } from '../../src/verify/verification.ts';
import { builtIn } from './algorithms.ts';

/** A walk that leaves out a window after a failed attempt at two orders below that of the PMD, or lower. */
const skipping: CheckedAlgorithm = checkedAlgorithmOf({
  name: 'skipping',
  collapse(range, policy, attempt) {
    const { pmdOrder } = range.geometry;
    const { collapse } = builtIn('walk').algorithm;
    let skip: number | undefined;
    return collapse(range, policy, (windows) =>
      windows.flatMap((window) => {
        if (window.offset === skip) return ['SCAN_PAGE_COUNT'] as const;
        const [result] = attempt([window]);
        if (result === 'SCAN_PAGE_COUNT' && window.order < pmdOrder - 1)
          skip = window.offset + (1 << window.order);
        return [result];
      }),
    );
  },
});

function tried(options: { mostCases: number; seed: number }): VerifyReport {
  const asked = { kind: 'equivalence', relation: 'attempts' } as const;
  const made = Verification.of(asked, [builtIn('walk'), skipping], { ...options, endless: true });
  if (!made.ok) throw new Error(made.failure.message);
  for (const _ of made.value.check.run());
  return made.value.report();
}

test('however few cases are tried, there are some of every kind, and the same ones again', () => {
  const { coverage, findings, cases } = tried({ mostCases: 16_000, seed: 1 });
  expect(cases).toBe(16_000);
  expect(new Set(coverage.map(({ pmdOrder }) => pmdOrder))).toEqual(new Set([3, 4, 9, 11, 13]));
  for (const each of coverage) expect(each.cases).toBeGreaterThan(0);
  expect(findings.map(({ wrong }) => wrong)).toContainEqual({ kind: 'difference', name: 'missing' });
  expect(findings[0].after).toBeLessThan(2_000);
  const again = tried({ mostCases: findings[0].after, seed: 1 });
  expect(again.findings[0].case).toEqual(findings[0].case);
});

test('what was not begun is named, with no case', () => {
  const { coverage } = tried({ mostCases: 100, seed: 1 });
  expect(coverage.filter((each) => each.cases === 0).map(({ pmdOrder }) => pmdOrder)).toEqual(
    expect.arrayContaining([9, 11, 13]),
  );
});

test('what goes on follows all that ends', () => {
  const space = (what: string): CaseSpace => ({
    pmdOrder: 3,
    what,
    exhaustive: false,
    results: ['SCAN_SUCCEED'],
    limits: [0],
    *cases() {},
  });
  const walk = builtIn('walk');
  const run = new CheckRun(equivalence(walk, walk, 'attempts'), {
    stages: [[space('a')], [space('b')]],
    further: [space('c')],
  });
  for (const _ of run.run());
  expect(run.coverage.map(({ what, complete }) => [what, complete])).toEqual([
    ['a', true],
    ['b', true],
    ['c', true],
  ]);
});
