import type { CollapseAlgorithm } from './algorithm.ts';
import type { AlgorithmName } from './algorithm-names.ts';
import { rounds } from './rounds/rounds.ts';
import { stack, stackDescend, stackPatch11 } from './stack.ts';
import { walk } from './walk.ts';

/** The built-in algorithms by name. */
export const ALGORITHMS = {
  walk,
  stack,
  'stack-patch11': stackPatch11,
  'stack-descend': stackDescend,
  rounds,
} as const satisfies Record<AlgorithmName, CollapseAlgorithm>;
