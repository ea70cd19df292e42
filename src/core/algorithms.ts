import type { CollapseAlgorithm } from './algorithm.ts';
import { stack, stackPatch11 } from './stack.ts';
import { walk } from './walk.ts';

/** The built-in algorithms by name. */
export const ALGORITHMS = {
  walk,
  stack,
  'stack-patch11': stackPatch11,
} as const satisfies Record<string, CollapseAlgorithm>;

export type AlgorithmName = keyof typeof ALGORITHMS;
