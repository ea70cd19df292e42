import type { CollapseAlgorithm } from '../core/search/algorithm.ts';
import { ALGORITHMS } from '../core/search/algorithms.ts';
import { KERNEL_MODELS, type KernelModel } from '../core/rules/kernel-model.ts';
import { recursive } from './recursive.ts';
import { FaultError, windowFault } from './fault.ts';

/** What the lab examines: a way to search a range, with the rules of a kernel that windows are judged by. */
export interface Contender {
  readonly name: string;
  readonly algorithm: CollapseAlgorithm;
  readonly model: KernelModel;
}

/** An algorithm under the rules of Linux 7.2. */
export function contenderOf(algorithm: CollapseAlgorithm, name: string = algorithm.name): Contender {
  return { name, algorithm, model: KERNEL_MODELS['linux-7.2'] };
}

/** The walk with the none rule of an earlier version, or an earlier version as a whole. */
function contenderOfModel(model: KernelModel): Contender {
  return { name: model.name, algorithm: ALGORITHMS[model.algorithm], model };
}

/** The same contender, but attempts that no search may make throw a FaultError: for use outside of trials. */
export function guarded({ name, algorithm, model }: Contender): Contender {
  const guard: CollapseAlgorithm = {
    name,
    collapse: (range, policy, attempt, observe) =>
      algorithm.collapse(
        range,
        policy,
        (batch) => {
          for (const { offset, order } of batch) {
            const fault = windowFault(offset, order, range.geometry, policy.orders);
            if (fault) throw new FaultError(`${name} ${fault.message}`);
          }
          return attempt(batch);
        },
        observe,
      ),
  };
  return { name, algorithm: guard, model };
}

/** The built-in contenders by name. */
export const CONTENDERS: ReadonlyMap<string, Contender> = new Map(
  [
    ...Object.values(ALGORITHMS).map((algorithm) => contenderOf(algorithm)),
    contenderOf(recursive),
    ...[KERNEL_MODELS.scaled, KERNEL_MODELS.capped, KERNEL_MODELS.v18].map(contenderOfModel),
  ].map((contender) => [contender.name, contender]),
);
