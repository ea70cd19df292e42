import { KERNEL_MODELS, type KernelModel } from '../core/rules/kernel-model.ts';
import { NEWEST_MODEL } from '../core/rules/kernel-release.ts';
import type { CollapseAlgorithm } from '../core/search/algorithm.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import { recursive } from '../core/search/recursive.ts';
import { chunkSearch } from './chunks.ts';

/** What `verify` examines: a way to search a range, with the rules of a kernel that windows are judged by. */
export interface CheckedAlgorithm {
  readonly name: string;
  readonly algorithm: CollapseAlgorithm;
  readonly model: KernelModel;
}

/** An algorithm under the rules of the newest kernel. */
export function checkedAlgorithmOf(
  algorithm: CollapseAlgorithm,
  name: string = algorithm.name,
): CheckedAlgorithm {
  return { name, algorithm, model: NEWEST_MODEL };
}

/** The same search, in one pass over all that it is given. */
export function inOnePass(checked: CheckedAlgorithm): CheckedAlgorithm {
  return checked.algorithm.startPass ? { ...checked, algorithm: checked.algorithm.startPass() } : checked;
}

/** The walk with the none rule of an earlier version, or an earlier version as a whole. */
function contenderOfModel(model: KernelModel): CheckedAlgorithm {
  return { name: model.name, algorithm: ALGORITHMS[model.algorithm], model };
}

/** An early version: its attempts still go by the scaled limit. */
function contenderOfChunks(algorithm: CollapseAlgorithm): CheckedAlgorithm {
  return { name: algorithm.name, algorithm, model: KERNEL_MODELS.scaled };
}

/** The built-in algorithms by name. */
export const CHECKED_ALGORITHMS: ReadonlyMap<string, CheckedAlgorithm> = new Map(
  [
    ...Object.values(ALGORITHMS).map((algorithm) => checkedAlgorithmOf(algorithm)),
    checkedAlgorithmOf(recursive),
    ...[KERNEL_MODELS.scaled, KERNEL_MODELS.capped, KERNEL_MODELS.v18].map(contenderOfModel),
    ...[chunkSearch('chunks', false), chunkSearch('chunks-always', true)].map(contenderOfChunks),
  ].map((algorithm) => [algorithm.name, algorithm]),
);
