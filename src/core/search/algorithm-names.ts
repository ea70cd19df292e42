// Names alone, without imports: the command line offers them, and loads the algorithms only to run.

/** The built-in algorithms: see algorithms.ts. */
export const ALGORITHM_NAMES = ['walk', 'stack', 'stack-patch11', 'stack-descend', 'rounds'] as const;

export type AlgorithmName = (typeof ALGORITHM_NAMES)[number];
