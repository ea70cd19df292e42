import {
  type CollapseAlgorithm,
  judgeWindow,
  RangeResult,
  visitOf,
} from '../../src/core/search/algorithm.ts';
import { asOffset, asOrder } from '../../src/core/memory/order.ts';
import { actionAfter, type ScanResult } from '../../src/core/rules/scan-result.ts';
import { ALGORITHM_KIT, type AlgorithmKit } from '../../src/verify/algorithm-kit.ts';
import { type Contender, contenderOf, CONTENDERS } from '../../src/verify/contender.ts';
import { Examination, type ExaminationOptions, type Question } from '../../src/verify/examination.ts';

export function builtIn(name: string): Contender {
  const contender = CONTENDERS.get(name);
  if (!contender) throw new Error(`no contender ${name}`);
  return contender;
}

export const WRONG_MODULES = [
  'lowest-bit-of-zero',
  'next-order-by-highest-bit',
  'no-skip-of-large-folios',
  'right-before-left',
  'step-too-small',
  'swap-not-counted',
] as const;

export async function wrongModule(name: (typeof WRONG_MODULES)[number]): Promise<Contender> {
  const module: { default: (kit: AlgorithmKit) => CollapseAlgorithm } = await import(
    `../../examples/algorithms/${name}.js`
  );
  return contenderOf(module.default(ALGORITHM_KIT));
}

/** Runs an examination to its end. */
export function examined(question: Question, options: Partial<ExaminationOptions>): Examination {
  const examination = new Examination(question, { spaces: [], randomOrders: [], seed: 1, ...options });
  for (const _ of examination.run());
  return examination;
}

/** A search that visits the windows of a range in an order of its own, each one once; results are Linux's. */
export function searching(
  name: string,
  visit: (pmdOrder: number, tryWindow: (offset: number, order: number) => ScanResult | undefined) => void,
): Contender {
  return contenderOf({
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
