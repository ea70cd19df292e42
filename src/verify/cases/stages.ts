import { MIN_PMD_ORDER } from '../../core/memory/geometry.ts';
import { CURRENT_RESULTS, type ScanResult } from '../../core/rules/scan-result.ts';
import type { CaseSpace } from './case-space.ts';
import { limitCases } from './limit-cases.ts';
import { passCases } from './pass-cases.ts';
import { pathSpaces } from './path-cases.ts';
import { randomCases } from './random-cases.ts';
import { EVERY_ACTION, exhausted, type SmallSpace, spacesToCheck, spacesToCompare } from './small-cases.ts';
import { USUAL_PMD_ORDER } from './usual-case.ts';

/** What cases are to be tried. */
export interface WhichCases {
  readonly seed: number;
  /** Only this PMD order. */
  readonly pmdOrder?: number;
  /** How attempts may end, the usual end first; every result by default, and few where all are too many. */
  readonly results?: readonly ScanResult[];
  /** Only cases in which each order has a limit of its own. */
  readonly limitsByOrder?: boolean;
  /** Passes of several ranges too: some search keeps something over a pass. */
  readonly passes?: boolean;
}

/** Cases stage by stage, and what to go on with. */
export interface Stages {
  readonly stages: readonly (readonly CaseSpace[])[];
  /** Random cases without end, round by round. */
  readonly further: Iterable<CaseSpace>;
}

/** Those of pages of 16K and 64K on arm64. */
const LARGER_PMD_ORDERS = [11, 13];

/** Every result, those first that stand for each thing that may follow an attempt. */
export const EVERY_RESULT: readonly ScanResult[] = [...new Set([...EVERY_ACTION, ...CURRENT_RESULTS])];

/**
 * What two algorithms are compared on, stage by stage: the trees of windows of PMD orders 3 and 9, everything
 * of PMD order 3, then random cases of 9, then more of small and of large orders.
 */
export function stagesToCompare(which: WhichCases): Stages {
  const { results: few = EVERY_ACTION, results: each = EVERY_RESULT } = which;
  return stagesOf(which, few, (pmdOrder) => pathSpaces(pmdOrder, { each, few }), spacesToCompare(few));
}

/**
 * What one algorithm is examined on, which takes longer a case: most results are tried at small orders alone.
 */
export function stagesToCheck(which: WhichCases): Stages {
  const { results: few = EVERY_ACTION, results: all = EVERY_RESULT } = which;
  const paths = (pmdOrder: number) =>
    pathSpaces(pmdOrder, { each: pmdOrder < USUAL_PMD_ORDER ? all : few, few });
  return stagesOf(which, few, paths, spacesToCheck(few));
}

/** What an algorithm is held against the best covers on: all attempts succeed. */
export function stagesToRate(which: WhichCases): Stages {
  const succeed = EVERY_ACTION.slice(0, 1);
  return stagesOf(which, succeed, () => [], spacesToCheck(succeed));
}

function stagesOf(
  which: WhichCases,
  results: readonly ScanResult[],
  paths: (pmdOrder: number) => CaseSpace[],
  small: readonly SmallSpace[],
): Stages {
  const { seed, pmdOrder, limitsByOrder = false } = which;
  const random = (order: number, round = 0) => randomCases(order, results, seed + round, limitsByOrder);
  const orders = pmdOrder === undefined ? [USUAL_PMD_ORDER, ...LARGER_PMD_ORDERS] : [pmdOrder];
  return {
    stages: [...finiteStages(which, results, paths, small, (order) => [random(order)])],
    further: {
      *[Symbol.iterator]() {
        for (let round = 1; ; round++) for (const order of orders) yield random(order, round);
      },
    },
  };
}

function* finiteStages(
  { pmdOrder, limitsByOrder = false, passes }: WhichCases,
  results: readonly ScanResult[],
  paths: (pmdOrder: number) => CaseSpace[],
  small: readonly SmallSpace[],
  random: (pmdOrder: number) => CaseSpace[],
): Generator<CaseSpace[]> {
  const smallest = small.filter((space) => space.pmdOrder === MIN_PMD_ORDER).map(exhausted);
  const larger = small.filter((space) => space.pmdOrder > MIN_PMD_ORDER).map(exhausted);
  if (passes) yield [passCases(pmdOrder ?? USUAL_PMD_ORDER, results)];
  if (limitsByOrder) {
    const orders = pmdOrder === undefined ? [USUAL_PMD_ORDER, MIN_PMD_ORDER] : [pmdOrder];
    yield orders.map((order) => limitCases(order, results));
    if (pmdOrder !== MIN_PMD_ORDER) yield random(pmdOrder ?? USUAL_PMD_ORDER);
  } else if (pmdOrder === undefined) {
    // Those of the smallest are few and find most mistakes at once.
    yield [...paths(MIN_PMD_ORDER), ...paths(USUAL_PMD_ORDER), ...smallest];
    yield random(USUAL_PMD_ORDER);
    for (const space of larger) yield [space];
    for (const order of LARGER_PMD_ORDERS) yield random(order);
  } else if (pmdOrder === MIN_PMD_ORDER) {
    yield [...paths(pmdOrder), ...smallest];
  } else {
    const [first, ...others] = larger.filter((space) => space.pmdOrder === pmdOrder);
    yield [...paths(pmdOrder), ...(first ? [first] : [])];
    for (const space of others) yield [space];
    if (!first) yield random(pmdOrder);
  }
}
