import { optionalNumber, optionalSwitch, optionalText, processId, wordList } from './flag-kinds.ts';

/** Running processes: for every command that reads memory. */
export type ProcessFlags = {
  readonly pid?: readonly number[];
  readonly cgroup?: string;
  readonly all?: boolean;
  /** CPU time of reading them: not of commands that read one range. */
  readonly budget?: string;
};

/** Says on stderr what reading processes took, beside what else a command says then. */
export type CostFlag = { readonly verbose?: boolean };

/** The machine of made-up ranges and histories. */
export type GeometryFlags = { readonly pageSize?: string; readonly pmdOrder?: number };

/** A made-up range. */
type PatternFlags = GeometryFlags & {
  readonly pattern?: string;
  readonly swap?: string;
  readonly zero?: string;
  readonly shared?: string;
};

/** Where memory comes from, whatever it is. */
export type SourceFlags = ProcessFlags & PatternFlags;

/** Worker threads; by default as many as pay, at most all cores. */
export type WorkersFlag = { readonly workers?: number };

/** Running processes, as usage lines write them. */
export const PROCESSES = '-p PID... | --cgroup PATH | --all';

export const processFlags = {
  pid: {
    kind: 'parsed',
    parse: processId,
    variadic: ',',
    optional: true,
    placeholder: 'PID',
    brief: 'Read this process; repeatable, or several separated by commas',
  },
  cgroup: optionalText('PATH', 'Read the processes of a control group and those below it'),
  all: optionalSwitch('Read all processes that may be read, but for thpscope itself'),
} as const;

export const budgetFlag = {
  budget: optionalText(
    'TIME|SHARE',
    'CPU time of reading processes, such as 500ms; those with most memory come first, the rest is named',
  ),
} as const;

/** For commands that say nothing else with -v; its alias is v. */
export const costFlag = {
  verbose: optionalSwitch('Say what reading processes took: time, CPU time, and time under their locks'),
} as const;

/** Of commands that make up memory: `what` it is. */
export function geometryFlags(what: string) {
  return {
    pageSize: optionalText(
      'SIZE',
      `Page size of ${what}: 4K, 16K or 64K; by default what goes with the PMD order`,
    ),
    pmdOrder: optionalNumber(
      'N',
      `PMD order of ${what}; by default what goes with the page size: 9 (4K), 11 (16K), 13 (64K); 5 is 64K on ppc64`,
    ),
  } as const;
}

export const patternFlags = {
  pattern: optionalText(
    'LIST',
    'One PMD range with these pages present: 0-15,100, 0xffff or none; none by default with --swap or --zero',
  ),
  swap: optionalText('LIST', 'Pages of that range that are in swap; they are not in the pattern'),
  zero: optionalText('LIST', 'Pages of that range that map the zero page'),
  shared: optionalText('LIST', 'Pages of the pattern that another process shares; all is all of it'),
  ...geometryFlags('--pattern and --ranges'),
} as const;

export const workersFlag = {
  workers: optionalNumber('N', 'Worker threads for snapshots; by default as many as pay, at most all cores'),
} as const;

/** Recorded memory. */
export const files = wordList(
  'FILE',
  'Snapshots that thpscope capture wrote, or digests; - is standard input',
);
