import type { ColorChoice } from './context.ts';

/** Where memory comes from; the same flags for every command that reads memory. */
export type SourceFlags = {
  readonly pid?: readonly number[];
  readonly cgroup?: string;
  readonly all?: boolean;
  readonly pattern?: string;
  readonly swap?: string;
  readonly zero?: string;
  readonly shared?: string;
  readonly pmdOrder?: number;
};

/** What is asked about memory; the same flags for every command that decides. */
export type PolicyFlags = {
  readonly policy?: string;
  readonly orders?: string;
  readonly maxPtesNone?: number;
  readonly maxPtesSwap?: number;
  readonly maxPtesShared?: number;
  readonly kernel: string;
  readonly algorithm?: string;
  readonly outcome?: readonly string[];
};

export type OutputFlags = {
  readonly json?: boolean;
  readonly color: ColorChoice;
};

const text = (value: string) => value;

function wholeNumber(value: string): number {
  if (!/^\d+$/.test(value)) throw new Error(`'${value}' is not a whole number`);
  return Number(value);
}

const processFlags = {
  pid: {
    kind: 'parsed',
    parse: wholeNumber,
    variadic: true,
    optional: true,
    placeholder: 'PID',
    brief: 'Read this process; repeatable',
  },
  cgroup: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'PATH',
    brief: 'Read the processes of a control group and those below it',
  },
  all: { kind: 'boolean', optional: true, withNegated: false, brief: 'Read all processes that may be read' },
} as const;

const patternFlags = {
  pattern: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'LIST',
    brief: 'One PMD range with these pages present: 0-15,100 or 0xffff',
  },
  swap: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'LIST',
    brief: 'Pages of the pattern that are in swap',
  },
  zero: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'LIST',
    brief: 'Pages of the pattern that map the zero page',
  },
  shared: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'LIST',
    brief: 'Pages of the pattern that another process shares',
  },
  pmdOrder: {
    kind: 'parsed',
    parse: wholeNumber,
    optional: true,
    placeholder: 'N',
    brief: 'PMD order of the pattern or of --ranges; 9 by default',
  },
} as const;

const policyFlags = {
  policy: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'current|default|FILE',
    brief: 'THP settings to start from; current for processes and snapshots, else default',
  },
  orders: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'SET',
    brief: 'Sizes that are always enabled: all, 2-9, 4,9 or 64K,2M; all others are never',
  },
  maxPtesNone: {
    kind: 'parsed',
    parse: wholeNumber,
    optional: true,
    placeholder: 'N',
    brief: 'Empty pages that a collapse may fill',
  },
  maxPtesSwap: {
    kind: 'parsed',
    parse: wholeNumber,
    optional: true,
    placeholder: 'N',
    brief: 'Swapped pages that a collapse may read in',
  },
  maxPtesShared: {
    kind: 'parsed',
    parse: wholeNumber,
    optional: true,
    placeholder: 'N',
    brief: 'Shared pages that a collapse may copy',
  },
  kernel: {
    kind: 'parsed',
    parse: text,
    default: 'linux-7.2',
    placeholder: 'MODEL',
    brief: 'linux-7.3, linux-7.2, linux-6.18, v18, scaled or capped',
  },
  algorithm: {
    kind: 'parsed',
    parse: text,
    optional: true,
    placeholder: 'NAME',
    brief: 'Search: walk, stack or stack-patch11; that of the kernel model by default',
  },
  outcome: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    placeholder: '[OFFSET:]ORDERS=SCAN_NAME',
    brief: 'Make attempts on one range end so; repeatable, the last match wins',
  },
} as const;

const outputFlags = {
  json: { kind: 'boolean', optional: true, withNegated: false, brief: 'Print JSON' },
  color: {
    kind: 'enum',
    values: ['auto', 'always', 'never'],
    default: 'auto',
    brief: 'When to use colour; NO_COLOR is respected',
  },
} as const;

const files = {
  kind: 'array',
  parameter: { parse: text, placeholder: 'FILE', brief: 'Snapshots that thpscope capture wrote' },
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
    ranges: {
      kind: 'parsed',
      parse: text,
      optional: true,
      placeholder: 'FILE|-',
      brief: 'Ranges as newline-delimited JSON; answers stream in the same order',
    },
    ...policyFlags,
    ...outputFlags,
    verbose: { kind: 'boolean', optional: true, withNegated: false, brief: 'Show every process and VMA' },
  },
  aliases: { p: 'pid', v: 'verbose' },
  positional: files,
} as const;

export type ExplainFlags = SourceFlags &
  PolicyFlags &
  OutputFlags & {
    readonly address?: string;
    readonly verbose?: boolean;
  };

export const explainParameters = {
  flags: {
    ...processFlags,
    ...patternFlags,
    address: {
      kind: 'parsed',
      parse: text,
      optional: true,
      placeholder: 'ADDR',
      brief: 'An address in the PMD range to explain, for processes and snapshots',
    },
    ...policyFlags,
    ...outputFlags,
    verbose: {
      kind: 'boolean',
      optional: true,
      withNegated: false,
      brief: 'Show the steps inside empty windows too',
    },
  },
  aliases: { p: 'pid', v: 'verbose' },
  positional: files,
} as const;

export type CaptureFlags = Pick<SourceFlags, 'pid' | 'cgroup' | 'all'> & {
  readonly output: string;
  readonly redact?: boolean;
};

export const captureParameters = {
  flags: {
    ...processFlags,
    output: {
      kind: 'parsed',
      parse: text,
      placeholder: 'FILE',
      brief: 'Snapshot to write; an earlier file is replaced once the new one is whole',
    },
    redact: {
      kind: 'boolean',
      optional: true,
      withNegated: false,
      brief: 'Leave out names and shift addresses',
    },
  },
  aliases: { p: 'pid', o: 'output' },
} as const;
