import { describe, expect, test } from 'vitest';
import { formatOrders } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { formatOutcome } from '../../src/core/rules/outcome.ts';
import type { CollapseAlgorithm } from '../../src/core/search/algorithm.ts';
import { ALGORITHM_KIT, type AlgorithmKit } from '../../src/verify/algorithm-kit.ts';
import type { SearchCase } from '../../src/verify/cases/search-case.ts';
import { type Finding } from '../../src/verify/check-run.ts';
import { type CheckedAlgorithm, checkedAlgorithmOf } from '../../src/verify/checked-algorithm.ts';
import { type Asked, Verification, type VerifyOptions } from '../../src/verify/verification.ts';
import { wrongKey } from '../../src/verify/wrong.ts';
import { EXHAUSTIVE, WHOLE } from '../support/slice.ts';
import { builtIn } from './algorithms.ts';

/** The modules of a reviewer of the thread: variants of the walk that were hard to judge. */
async function labModule(name: string): Promise<CheckedAlgorithm> {
  const module: { default: (kit: AlgorithmKit) => CollapseAlgorithm } = await import(
    `../fixtures/lab/${name}.js`
  );
  return checkedAlgorithmOf(module.default(ALGORITHM_KIT), name);
}

/** Runs the stages of a verification until one of them finds something. */
function verified(
  asked: Asked,
  algorithms: readonly CheckedAlgorithm[],
  options: Partial<VerifyOptions> = {},
) {
  const verification = Verification.of(asked, algorithms, { seed: 1, ...options });
  if (!verification.ok) throw new Error(verification.failure.message);
  for (const _ of verification.value.check.run());
  return verification.value.report();
}

async function compared(name: string, options: Partial<VerifyOptions> = {}) {
  const algorithms = [builtIn('walk'), await labModule(name)];
  return verified({ kind: 'equivalence', relation: 'attempts' }, algorithms, options);
}

function caseText({ range, orders, maxPtesNone, outcomes }: SearchCase): string {
  const { geometry, uffdArmed, occupied } = range;
  const armed = uffdArmed ? ' armed' : '';
  const rules = outcomes.map((rule) => ` ${formatOutcome(rule)}`).join('');
  return `${geometry.pmdOrder}: ${formatPages(occupied)}${armed}, ${formatOrders(orders)}, ${maxPtesNone}${rules}`;
}

function smallest(findings: readonly Pick<Finding, 'wrong' | 'case'>[]): Record<string, string> {
  return Object.fromEntries(findings.map((finding) => [wrongKey(finding.wrong), caseText(finding.case)]));
}

/** What finds them sooner than the whole run, which CI does. */
const LESS: Record<string, Partial<VerifyOptions>> = {
  'lazyfree-stops': { pmdOrder: 3 },
  lies: { pmdOrder: 3 },
  bound8: { pmdOrder: 9, mostCases: 20_000 },
  's-rare5': { pmdOrder: 9, results: ['SCAN_SUCCEED', 'SCAN_PAGE_COUNT', 'SCAN_PTE_MAPPED_HUGEPAGE'] },
};

describe('each kind of difference, with the smallest case', () => {
  test.each([
    [
      'lazyfree-stops',
      {
        'difference missing': '3: 0, 2-3, 7 0:3=SCAN_PTE_UFFD',
        'difference collapses': '3: 0, 2-3, 7 0:3=SCAN_PTE_UFFD',
        'difference result': '3: 0, 2-3, 7 0:3=SCAN_PTE_UFFD',
        'difference extra': '3: 0, 2-3, 7 0:3=SCAN_PAGE_LRU',
      },
    ],
    ['lies', { 'difference result': '3: 0, 2, 0' }],
    [
      'bound8',
      {
        'difference missing': '5: 0,8,16, 2-5, 31 3-5=SCAN_PAGE_COUNT',
        'difference collapses': '5: 0,8,16, 2-5, 31 3-5=SCAN_PAGE_COUNT',
      },
    ],
    [
      's-rare5',
      {
        'difference extra': '9: 504,508, 2-9, 511 3-9=SCAN_PAGE_COUNT 508:2=SCAN_PTE_MAPPED_HUGEPAGE',
        'difference collapses': '9: 504,508, 2-9, 511 3-9=SCAN_PAGE_COUNT 508:2=SCAN_PTE_MAPPED_HUGEPAGE',
      },
    ],
  ])('%s', { timeout: EXHAUSTIVE }, async (name, expected) => {
    const { findings } = await compared(name, WHOLE ? {} : LESS[name]);
    expect(smallest(findings)).toEqual(expected);
  });

  test('attempt-all', async () => {
    const { findings } = await compared('attempt-all', { pmdOrder: 3, mostCases: 20_000 });
    expect(smallest(findings)).toEqual({
      'difference extra': '3: 0, 2, 7',
      'difference collapses': '3: 0, 2, 7',
      'difference result': '3: 0, 2, 0',
      'difference missing': '3: 4, 2, 7 0:2=SCAN_CGROUP_CHARGE_FAIL',
    });
  });

  test('of a switch over results: after which of them', { timeout: EXHAUSTIVE }, async () => {
    const { findings } = await compared('lazyfree-stops', { pmdOrder: 3 });
    const causes = findings.flatMap((finding) => finding.causes.map(([result]) => result));
    expect([...new Set(causes)].sort()).toEqual(['SCAN_PAGE_LAZYFREE', 'SCAN_PAGE_LRU', 'SCAN_PTE_UFFD']);
  });

  test('at PMD order 4, where one page is enough', { timeout: EXHAUSTIVE }, async () => {
    const { findings } = await compared('claim', { pmdOrder: 4 });
    const [result] = findings.filter(({ wrong }) => wrongKey(wrong) === 'difference result');
    expect(caseText(result.case)).toBe('4: 0 armed, 2, 15');
    expect(result.exhaustive).toBe(true);
  });
});

describe('what is said of one module alone', () => {
  test.each([
    ['attempt-all', ['qualifying']],
    ['lies', ['failed-allocation', 'result']],
    ['lazyfree-stops', ['largest-first', 'stops']],
    ['talk', []],
  ])('%s breaks %j', { timeout: EXHAUSTIVE }, async (name, broken) => {
    const { properties = {} } = verified({ kind: 'properties' }, [await labModule(name)], {
      pmdOrder: 3,
      mostCases: 50_000,
    });
    const states = Object.entries(properties);
    expect(states.flatMap(([property, state]) => (state === 'broken' ? [property] : [])).sort()).toEqual(
      broken,
    );
    const unreported = states.flatMap(([property, state]) => (state === 'not-reported' ? [property] : []));
    expect(unreported).toEqual(['visits', 'stack-depth']);
  });
});

test.each(['budget-per-pass', 'rnd'])('%s does not do the same twice, and is told so', async (name) => {
  const { findings } = await compared(name);
  expect(findings.map(({ wrong }) => wrong)).toEqual([{ kind: 'unsteady', algorithm: name }]);
  const [{ runs }] = findings;
  expect(runs.map((run) => run.name)).toEqual([`${name}, first`, `${name}, again`]);
  expect(JSON.stringify([runs[0].steps, runs[0].result])).not.toBe(
    JSON.stringify([runs[1].steps, runs[1].result]),
  );
});
