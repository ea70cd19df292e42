// Names alone, without imports: the command line offers them, and loads the suites only to run.

/** Suites of generated ranges. */
const RANDOM_SUITES = ['plain', 'mixed'] as const;

export type RandomSuite = (typeof RANDOM_SUITES)[number];

/** All suites that are run on a kernel. */
export const SUITES = [...RANDOM_SUITES, 'selftest', 'daemon', 'fault'] as const;

export type Suite = (typeof SUITES)[number];
