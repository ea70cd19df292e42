import { asOffset, asOrder } from '../../src/core/memory/order.ts';
import { actionAfter, type ScanResult } from '../../src/core/rules/scan-result.ts';
import { judgeWindow, RangeResult, visitOf } from '../../src/core/search/algorithm.ts';
import type { CaseSpace } from '../../src/verify/cases/case-space.ts';
import { randomCases } from '../../src/verify/cases/random-cases.ts';
import { EVERY_ACTION, exhausted, type SmallSpace } from '../../src/verify/cases/small-cases.ts';
import { type Check, CheckRun } from '../../src/verify/check-run.ts';
import {
  CHECKED_ALGORITHMS,
  type CheckedAlgorithm,
  checkedAlgorithmOf,
} from '../../src/verify/checked-algorithm.ts';
import { moduleAlgorithm } from '../../src/verify/module-algorithm.ts';
import { slice } from '../support/slice.ts';

export function builtIn(name: string): CheckedAlgorithm {
  const algorithm = CHECKED_ALGORITHMS.get(name);
  if (!algorithm) throw new Error(`no algorithm ${name}`);
  return algorithm;
}

export const WRONG_MODULES = [
  'lowest-bit-of-zero',
  'next-order-by-highest-bit',
  'no-skip-of-large-folios',
  'right-before-left',
  'step-too-small',
  'swap-not-counted',
] as const;

export async function wrongModule(name: (typeof WRONG_MODULES)[number]): Promise<CheckedAlgorithm> {
  const module: { default: unknown } = await import(`../../examples/algorithms/${name}.js`);
  const algorithm = moduleAlgorithm(name, module.default);
  if (!algorithm) throw new Error(`no algorithm in ${name}`);
  return checkedAlgorithmOf(algorithm);
}

/** The same spaces with a slice of their ranges. */
export function sliced(spaces: readonly SmallSpace[], parts: number): SmallSpace[] {
  return spaces.map((space) => {
    const chosen = new Set(slice(2 ** (2 ** space.pmdOrder), parts));
    return { ...space, ranges: (bits) => chosen.has(bits) && space.ranges(bits) };
  });
}

/** What to try: small spaces, then random cases, each a stage of its own. */
export interface Tried {
  readonly spaces?: readonly SmallSpace[];
  readonly randomOrders?: readonly number[];
  readonly seed?: number;
  /** How random attempts may end. */
  readonly results?: readonly ScanResult[];
}

/** Runs a check run to its end. */
export function examined(
  question: Check,
  { spaces = [], randomOrders = [], seed = 1, results = EVERY_ACTION }: Tried,
): CheckRun {
  const random = randomOrders.map((pmdOrder) => randomCases(pmdOrder, results, seed));
  return examinedOn(question, [...spaces.map(exhausted), ...random]);
}

function examinedOn(question: Check, spaces: readonly CaseSpace[]): CheckRun {
  const check = new CheckRun(question, { stages: spaces.map((space) => [space]), fails: 'SCAN_PAGE_COUNT' });
  for (const _ of check.run());
  return check;
}

/** A search that visits the windows of a range in an order of its own, each one once; results are Linux's. */
export function searching(
  name: string,
  visit: (pmdOrder: number, tryWindow: (offset: number, order: number) => ScanResult | undefined) => void,
): CheckedAlgorithm {
  return checkedAlgorithmOf({
    name,
    collapse(range, policy, attempt, observe) {
      const outcome = new RangeResult();
      visit(range.geometry.pmdOrder, (offset, order) => {
        const window = judgeWindow(range, policy, asOffset(offset), asOrder(order));
        const result = window.qualifies ? attempt([window])[0] : undefined;
        if (result !== undefined) outcome.record(result);
        observe?.(visitOf(window, result, undefined));
        return result;
      });
      return outcome.under(policy);
    },
  });
}

/** Whether what follows a result is something else than the halves of the window. */
export function isDone(result: ScanResult | undefined): boolean {
  return result !== undefined && actionAfter(result) !== 'next-order';
}
