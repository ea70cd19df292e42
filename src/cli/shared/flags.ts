import type { AlgorithmName } from '../../core/search/algorithms.ts';
import type { KernelModelName } from '../../core/rules/kernel-model.ts';
import type { Suite } from '../../conform/suites.ts';
import type { Relation } from '../../verify/relation.ts';
import type { ColorChoice } from './context.ts';

/** Where memory comes from; the same flags for every command that reads memory. */
export type SourceFlags = ProcessFlags & {
  readonly pattern?: string;
  readonly swap?: string;
  readonly zero?: string;
  readonly shared?: string;
  readonly pmdOrder?: number;
};

export type ProcessFlags = {
  readonly pid?: readonly number[];
  readonly cgroup?: string;
  readonly all?: boolean;
};

/** What is asked about memory; the same flags for every command that decides. */
export type PolicyFlags = {
  readonly policy?: string;
  readonly orders?: string;
  readonly maxPtesNone?: number;
  readonly maxPtesSwap?: number;
  readonly maxPtesShared?: number;
  readonly kernel: KernelModelName;
  readonly algorithm?: AlgorithmName;
  readonly outcome?: readonly string[];
};

export type OutputFlags = {
  readonly json?: boolean;
  readonly color: ColorChoice;
};

// Written out here, so that --version and --help need not load the models and algorithms themselves.
const KERNELS = [
  'linux-7.3',
  'linux-7.2',
  'linux-6.18',
  'v18',
  'scaled',
  'capped',
] as const satisfies KernelModelName[];
const SEARCHES = [
  'walk',
  'stack',
  'stack-patch11',
  'stack-descend',
  'rounds',
] as const satisfies AlgorithmName[];

function wholeNumber(value: string): number {
  if (!/^\d{1,15}$/.test(value)) throw new Error(`'${value}' is not a whole number`);
  return Number(value);
}

function optionalText(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: String, optional: true, placeholder, brief } as const;
}

function optionalNumber(placeholder: string, brief: string) {
  return { kind: 'parsed', parse: wholeNumber, optional: true, placeholder, brief } as const;
}

function optionalSwitch(brief: string) {
  return { kind: 'boolean', optional: true, withNegated: false, brief } as const;
}

function fileToWrite(what: string) {
  const brief = `${what} to write; an earlier file is replaced once the new one is whole`;
  return { kind: 'parsed', parse: String, placeholder: 'FILE', brief } as const;
}

const processFlags = {
  pid: {
    kind: 'parsed',
    parse: wholeNumber,
    variadic: ',',
    optional: true,
    placeholder: 'PID',
    brief: 'Read this process; repeatable, or several separated by commas',
  },
  cgroup: optionalText('PATH', 'Read the processes of a control group and those below it'),
  all: optionalSwitch('Read all processes that may be read, but for thpscope itself'),
} as const;

const patternFlags = {
  pattern: optionalText('LIST', 'One PMD range with these pages present: 0-15,100 or 0xffff'),
  swap: optionalText('LIST', 'Pages of that range that are in swap; they are not in the pattern'),
  zero: optionalText('LIST', 'Pages of that range that map the zero page'),
  shared: optionalText('LIST', 'Pages of the pattern that another process shares'),
  pmdOrder: optionalNumber(
    'N',
    'PMD order of --pattern and --ranges, 9 by default; 11 implies 16K pages, 13 64K, others 4K',
  ),
} as const;

const policyFlags = {
  policy: optionalText(
    'current|default|FILE',
    'THP settings to start from: current for processes and snapshots, else default; a FILE is JSON',
  ),
  orders: optionalText('SET', 'Sizes that are always enabled: all, 2-9, 4,9 or 64K,2M; all others are never'),
  maxPtesNone: optionalNumber(
    'N',
    'Empty pages that a collapse may fill; below the PMD size only 0 and the maximum count',
  ),
  maxPtesSwap: optionalNumber('N', 'Swapped pages that a collapse may read in'),
  maxPtesShared: optionalNumber('N', 'Shared pages that a collapse may copy'),
  kernel: { kind: 'enum', values: KERNELS, default: 'linux-7.2', brief: 'Whose khugepaged is asked' },
  algorithm: {
    kind: 'enum',
    values: SEARCHES,
    optional: true,
    brief: 'How a range is searched; as the kernel model does by default',
  },
  outcome: {
    kind: 'parsed',
    parse: String,
    variadic: true,
    optional: true,
    placeholder: '[OFFSET:]ORDERS=SCAN_NAME',
    brief: 'Make attempts end so; repeatable, the last match wins',
  },
} as const;

const outputFlags = {
  json: optionalSwitch('Print JSON'),
  color: {
    kind: 'enum',
    values: ['auto', 'always', 'never'],
    default: 'auto',
    brief: 'When to use colour; NO_COLOR is respected',
  },
} as const;

const files = {
  kind: 'array',
  parameter: {
    parse: String,
    placeholder: 'FILE',
    brief: 'Snapshots that thpscope capture wrote, or digests',
  },
} as const;

export type PredictFlags = SourceFlags &
  PolicyFlags &
  OutputFlags & {
    readonly ranges?: string;
    readonly verbose?: boolean;
  };

export const predictParameters = {
  flags: {
    ...processFlags,
    ...patternFlags,
    ranges: optionalText('FILE|-', 'Ranges as newline-delimited JSON; answers stream in the same order'),
    ...policyFlags,
    ...outputFlags,
    verbose: optionalSwitch('Show every process and VMA'),
  },
  aliases: { p: 'pid', v: 'verbose' },
  positional: files,
} as const;

export type ExplainFlags = SourceFlags &
  PolicyFlags &
  OutputFlags & {
    readonly format?: 'text' | 'json' | 'svg';
    readonly address?: string;
    readonly verbose?: boolean;
  };

export const explainParameters = {
  flags: {
    ...processFlags,
    ...patternFlags,
    address: optionalText(
      'ADDR',
      'An address in the PMD range to explain, or START-END of a VMA for its first range with pages',
    ),
    ...policyFlags,
    format: {
      kind: 'enum',
      values: ['text', 'json', 'svg'],
      optional: true,
      brief: 'text by default; svg is a picture for mails and documents, that nothing else is needed for',
    },
    ...outputFlags,
    verbose: optionalSwitch('Show the steps inside empty windows too'),
  },
  aliases: { p: 'pid', v: 'verbose' },
  positional: files,
} as const;

/** Under which settings recorded memory is asked about. */
export type MemoryPolicyFlags = Omit<PolicyFlags, 'kernel' | 'algorithm'>;

const { kernel: _kernel, algorithm: _algorithm, ...memoryPolicyFlags } = policyFlags;

export type VerifyFlags = MemoryPolicyFlags &
  OutputFlags & {
    readonly relation: Relation;
    readonly against?: 'optimal';
    readonly objective: string;
    readonly new?: string;
    readonly seed?: number;
    readonly results?: string;
    readonly pmdOrder?: number;
    readonly pattern?: string;
    readonly swap?: string;
    readonly uffdArmed?: boolean;
  };

export const verifyParameters = {
  flags: {
    relation: {
      kind: 'enum',
      values: ['attempts', 'windows', 'collapses', 'coverage', 'result'] as const satisfies Relation[],
      default: 'attempts',
      brief: 'What must agree: attempts is order and result too, windows is attempts in any order',
    },
    against: {
      kind: 'enum',
      values: ['optimal'],
      optional: true,
      brief: 'Compare with the best cover that the policy allows',
    },
    objective: {
      kind: 'parsed',
      parse: String,
      default: 'coverage',
      placeholder: 'coverage|folios|price:N',
      brief: 'What is best: most pages covered, fewest folios, or covered pages less N for each filled one',
    },
    new: optionalText('FILE', 'Write a module to start from, and do nothing else'),
    seed: optionalNumber('N', 'Seed of the random ranges; a fresh one by default, printed at the end'),
    results: optionalText(
      'LIST',
      'Results that attempts may have, the usual one first; one of each kind by default',
    ),
    pmdOrder: optionalNumber('N', 'Only this PMD order; 3 and 4 are exhausted, others are random'),
    pattern: optionalText('LIST', 'Only the case with these pages present; the flags below are part of it'),
    swap: patternFlags.swap,
    uffdArmed: optionalSwitch('The VMA of that range is registered with userfaultfd'),
    ...memoryPolicyFlags,
    ...outputFlags,
  },
  positional: {
    kind: 'array',
    parameter: {
      parse: String,
      placeholder: 'ALGORITHM',
      brief: 'Built-in names or module paths; after --against optimal, snapshots',
    },
  },
} as const;

export type CompareFlags = MemoryPolicyFlags & OutputFlags;

export const compareParameters = {
  flags: { ...memoryPolicyFlags, ...outputFlags },
  positional: {
    kind: 'array',
    parameter: { parse: String, placeholder: 'ALGORITHM', brief: 'Two algorithms, then snapshots' },
  },
} as const;

export type CaptureFlags = ProcessFlags & {
  readonly output: string;
  readonly redact?: boolean;
  readonly json?: boolean;
};

export const captureParameters = {
  flags: {
    ...processFlags,
    output: fileToWrite('Snapshot'),
    redact: optionalSwitch('Leave out names and shift addresses'),
    json: optionalSwitch('Print what was written as JSON'),
  },
  aliases: { p: 'pid', o: 'output' },
} as const;

export type ServeFlags = ProcessFlags & {
  readonly port: number;
  readonly noOpen?: boolean;
  readonly refresh: number;
  readonly json?: boolean;
};

export const serveParameters = {
  flags: {
    ...processFlags,
    port: {
      kind: 'parsed',
      parse: wholeNumber,
      default: '0',
      placeholder: 'N',
      brief: 'Port of 127.0.0.1 to listen on; 0 takes one that is free',
    },
    noOpen: optionalSwitch('Only print the address, open no browser'),
    refresh: {
      kind: 'parsed',
      parse: wholeNumber,
      default: '10',
      placeholder: 'SECONDS',
      brief: 'Read processes again so long after the last time, while a page shows them',
    },
    json: optionalSwitch('Print the address as JSON'),
  },
  aliases: { p: 'pid' },
  positional: {
    kind: 'array',
    parameter: { parse: String, placeholder: 'SOURCE', brief: 'Snapshots, and directories of snapshots' },
  },
} as const;

const workersFlag = optionalNumber(
  'N',
  'Worker threads for snapshots; by default as many as pay, at most all cores',
);

export type DigestFlags = ProcessFlags & {
  readonly output: string;
  readonly workers?: number;
  readonly json?: boolean;
};

export const digestParameters = {
  flags: {
    ...processFlags,
    output: fileToWrite('Digest'),
    workers: workersFlag,
    json: optionalSwitch('Print what was written as JSON'),
  },
  aliases: { p: 'pid', o: 'output' },
  positional: files,
} as const;

export type SweepFlags = ProcessFlags &
  OutputFlags & {
    readonly list?: readonly string[];
    readonly steps?: readonly string[];
    readonly workers?: number;
    readonly csv?: boolean;
  };

export const sweepParameters = {
  flags: {
    ...processFlags,
    list: {
      kind: 'parsed',
      parse: String,
      variadic: true,
      optional: true,
      placeholder: 'NAME=A,B',
      brief:
        'Values of orders (2-9, 64K+2M), max-ptes-none, kernel or enabled (always, madvise); -L NAME A,B',
    },
    steps: {
      kind: 'parsed',
      parse: String,
      variadic: true,
      optional: true,
      placeholder: 'NAME=MIN,MAX,STEP',
      brief: 'Values of max-ptes-none in steps; -P max-ptes-none MIN MAX STEP',
    },
    workers: workersFlag,
    csv: optionalSwitch('Print every policy as CSV'),
    ...outputFlags,
  },
  aliases: { p: 'pid', L: 'list', P: 'steps' },
  positional: files,
} as const;

// The older none rules are walked and not swept: see docs/digest.md.
const SWEPT_KERNELS = ['linux-7.3', 'linux-7.2', 'linux-6.18', 'v18'] as const satisfies KernelModelName[];

export type AdviseFlags = ProcessFlags &
  OutputFlags & {
    readonly maxGrowth: string;
    readonly maxWork?: number;
    readonly enabled: 'always' | 'madvise';
    readonly kernel: (typeof SWEPT_KERNELS)[number];
    readonly workers?: number;
  };

export const adviseParameters = {
  flags: {
    ...processFlags,
    maxGrowth: {
      kind: 'parsed',
      parse: String,
      default: '0%',
      placeholder: 'N%|SIZE',
      brief: 'How much resident memory may grow: a share of the memory read, or a size',
    },
    maxWork: optionalNumber('N', 'Attempts in every later pass, once nothing changes, at most'),
    enabled: {
      kind: 'enum',
      values: ['always', 'madvise'],
      default: 'always',
      brief: 'Enable sizes for all memory, or for memory with MADV_HUGEPAGE',
    },
    kernel: { kind: 'enum', values: SWEPT_KERNELS, default: 'linux-7.2', brief: 'Whose khugepaged is asked' },
    workers: workersFlag,
    ...outputFlags,
  },
  aliases: { p: 'pid' },
  positional: files,
} as const;

export type ReportFlags = ProcessFlags &
  Omit<PolicyFlags, 'kernel' | 'algorithm' | 'outcome'> & {
    readonly kernel: (typeof SWEPT_KERNELS)[number];
    readonly output: string;
    readonly workers?: number;
    readonly json?: boolean;
  };

const { outcome: _outcome, ...settingsFlags } = memoryPolicyFlags;

export const reportParameters = {
  flags: {
    ...processFlags,
    output: fileToWrite('HTML file'),
    ...settingsFlags,
    kernel: { kind: 'enum', values: SWEPT_KERNELS, default: 'linux-7.2', brief: 'Whose khugepaged is asked' },
    workers: optionalNumber('N', 'Worker threads for what the sweep has to walk; all cores by default'),
    json: optionalSwitch('Print what was written as JSON'),
  },
  aliases: { p: 'pid', o: 'output' },
  positional: files,
} as const;

export type ConformFlags = {
  readonly kernel?: string;
  readonly suite?: Suite;
  readonly ranges: number;
  readonly seed?: number;
  readonly json?: boolean;
};

export const conformParameters = {
  flags: {
    kernel: {
      kind: 'parsed',
      parse: String,
      optional: true,
      placeholder: '7.2|7.3|FILE',
      brief: 'Only this kernel, or a vmlinuz of yours (7.2 or later); 7.2 and 7.3 by default',
    },
    suite: {
      kind: 'enum',
      values: ['plain', 'mixed', 'selftest', 'daemon'] satisfies Suite[],
      optional: true,
      brief:
        "Present pages and holes only, all conditions, the kernel's own selftest, or the simulated daemon; all by default",
    },
    ranges: {
      kind: 'parsed',
      parse: wholeNumber,
      default: '2000',
      placeholder: 'N',
      brief: 'PMD ranges a kernel and random suite',
    },
    seed: optionalNumber('N', 'Seed of the ranges; a fresh one by default, printed at the end'),
    json: optionalSwitch('Print JSON'),
  },
} as const;

export type SimulateFlags = ProcessFlags &
  Omit<PolicyFlags, 'kernel' | 'algorithm' | 'outcome'> &
  OutputFlags & {
    readonly kernel?: KernelModelName;
    readonly set?: readonly string[];
    readonly until?: string;
    readonly seed?: number;
    readonly calibration?: string;
    readonly csv?: boolean;
    readonly trace?: boolean;
    readonly list?: boolean;
    readonly calibrate?: boolean;
  };

export const simulateParameters = {
  flags: {
    ...processFlags,
    until: optionalText(
      'settled|DURATION',
      'Until nothing changes any more, or so long: 90s, 2h, 1d; as the scenario says by default, else settled',
    ),
    seed: optionalNumber('N', 'Decides what the scenario leaves to chance; 1 by default'),
    ...settingsFlags,
    kernel: {
      kind: 'enum',
      values: KERNELS,
      optional: true,
      brief: 'Whose khugepaged works; as the scenario says by default, else linux-7.2',
    },
    set: {
      kind: 'parsed',
      parse: String,
      variadic: true,
      optional: true,
      placeholder: 'FILE=VALUE',
      brief: 'Write to a file of /sys/kernel/mm/transparent_hugepage before it begins; repeatable',
    },
    calibration: optionalText('FILE', 'Costs as simulate --calibrate printed them; built-in ones by default'),
    ...outputFlags,
    csv: optionalSwitch('Print the time series as CSV'),
    trace: optionalSwitch('Print every trace event as the kernel does'),
    list: optionalSwitch('List the built-in scenarios'),
    calibrate: optionalSwitch('Measure what collapsing costs on this machine and print a calibration file'),
  },
  aliases: { p: 'pid' },
  positional: {
    kind: 'array',
    parameter: {
      parse: String,
      placeholder: 'SCENARIO|SNAPSHOT',
      brief: 'A built-in scenario by its name, a scenario file (.json), or snapshots',
    },
  },
} as const;
