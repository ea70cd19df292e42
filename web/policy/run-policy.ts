import type { RunPolicy } from '../../src/analysis/ranges/verdict.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { type PolicyChoice, settingsOf } from './choice.ts';

/** What a choice means to a run over ranges. Workers alone want it: the page loads no search. */
export function runPolicyOf(choice: PolicyChoice): RunPolicy {
  const model = KERNEL_MODELS[choice.model];
  return { settings: settingsOf(choice), model, algorithm: ALGORITHMS[model.algorithm], outcomes: [] };
}
