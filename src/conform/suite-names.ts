// Names alone, without imports: the command line offers them, and loads the suites only to run.

/** Suites of generated ranges. */
const RANDOM_SUITES = ['plain', 'mixed'] as const;

export type RandomSuite = (typeof RANDOM_SUITES)[number];

/** Suites that ask about ranges and histories: all of them are run by default. */
export const SUITES = [...RANDOM_SUITES, 'selftest', 'daemon', 'fault'] as const;

/** Suites whose ranges are searched: another algorithm can judge them. */
export const SEARCHED_SUITES = [...RANDOM_SUITES, 'selftest', 'daemon'] as const;

/** Suites of the page cache, of x86-64: run by name alone. */
export const CACHE_SUITES = ['shared', 'files'] as const;

export type CacheSuite = (typeof CACHE_SUITES)[number];

export type Suite = (typeof SUITES)[number] | CacheSuite;

/** Suites that run programs in the guest, Node and this package among them: run by name alone. */
export const PROGRAM_SUITES = ['live', 'restart', 'advice', 'diff', 'shared-programs'] as const;

export type ProgramSuite = (typeof PROGRAM_SUITES)[number];
