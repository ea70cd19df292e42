import { buildApplication, buildChoiceParser, buildCommand, buildRouteMap } from '@stricli/core';
import type { Shell } from './completion/run.ts';
import type { Context } from './shared/context.ts';
import { EXIT, EXIT_MEANINGS } from './shared/exit-code.ts';
import {
  type AdviseFlags,
  adviseParameters,
  type CaptureFlags,
  captureParameters,
  type CompareFlags,
  compareParameters,
  type ConformFlags,
  conformParameters,
  type DigestFlags,
  digestParameters,
  type ExplainFlags,
  explainParameters,
  type PredictFlags,
  predictParameters,
  type ReportFlags,
  reportParameters,
  type ServeFlags,
  serveParameters,
  type SimulateFlags,
  simulateParameters,
  type VerifyFlags,
  verifyParameters,
  type SweepFlags,
  sweepParameters,
} from './shared/flags.ts';

const MEMORY = '-p PID... | --cgroup PATH | --all | FILE... | --pattern LIST';
const EXIT_CODES = `Exit codes: ${EXIT_MEANINGS.map((each) => each.join(' ')).join('; ')}.`;

const predict = buildCommand<PredictFlags, string[], Context>({
  loader: async () => (await import('./predict/run.ts')).predict,
  parameters: predictParameters,
  docs: {
    brief: 'What khugepaged would collapse, what it costs and gains',
    customUsage: [`(${MEMORY} | --ranges FILE|-) [--policy ...] [--orders SET] [--max-ptes-none N] ...`],
    fullDescription: [
      'Predicts what khugepaged would collapse in running processes, snapshots or made-up ranges.',
      '',
      'Examples:',
      '  thpscope predict -p $(pidof -s redis-server)',
      '  thpscope predict --all --orders all --max-ptes-none 0',
      '  thpscope predict --pattern 0-15 --orders all --max-ptes-none 0 --json',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const explain = buildCommand<ExplainFlags, string[], Context>({
  loader: async () => (await import('./explain/run.ts')).explain,
  parameters: explainParameters,
  docs: {
    brief: 'One PMD range, every step: which window, how many pages, the threshold, the outcome',
    customUsage: [
      '--pattern LIST [--orders SET] [--max-ptes-none N] ...',
      '(-p PID | FILE) --address ADDR ...',
    ],
    fullDescription: [
      'Explains one PMD range step by step. Windows are written OFFSET:ORDER.',
      '',
      'Examples:',
      '  thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0',
      '  thpscope explain --pattern all --orders all --outcome 7-9=SCAN_ALLOC_HUGE_PAGE_FAIL --algorithm stack',
      '  thpscope explain -p 1234 --address 0x7f3a5c200000',
      '  thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0 --format svg > steps.svg',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const capture = buildCommand<CaptureFlags, [], Context>({
  loader: async () => (await import('./capture/run.ts')).capture,
  parameters: captureParameters,
  docs: {
    brief: 'Write a snapshot of live processes',
    customUsage: ['(-p PID... | --cgroup PATH | --all) -o FILE [--redact]'],
    fullDescription: [
      'Writes what predict would read of processes to a Parquet file, to be predicted, compared or queried later.',
      '',
      'Examples:',
      '  thpscope capture -p $(pidof -s redis-server) -o redis.parquet',
      '  thpscope capture --all --redact -o host.parquet',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const simulate = buildCommand<SimulateFlags, string[], Context>({
  loader: async () => (await import('./simulate/run.ts')).simulate,
  parameters: simulateParameters,
  docs: {
    brief: 'khugepaged over time: when it is done, what it costs on the way, what it goes on to cost',
    customUsage: [
      'SCENARIO [--until settled|DURATION] [--seed N] [--orders SET] [--max-ptes-none N] ...',
      '(SNAPSHOT... | -p PID... | --cgroup PATH | --all) [--until ...] [--policy ...] ...',
      '--list',
      '--calibrate',
    ],
    fullDescription: [
      'Runs khugepaged in virtual time on a simulated machine: on a scenario, or on processes as they are or were.',
      '',
      'Examples:',
      '  thpscope simulate go-heap --max-ptes-none 0',
      '  thpscope simulate examples/redis.parquet --policy default',
      '  thpscope simulate -p $(pidof -s redis-server) --orders all --max-ptes-none 0 --csv',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const digest = buildCommand<DigestFlags, string[], Context>({
  loader: async () => (await import('./digest/run.ts')).digest,
  parameters: digestParameters,
  docs: {
    brief: 'What decides every policy, in a file of some kilobytes',
    customUsage: ['(-p PID... | --cgroup PATH | --all | FILE...) -o FILE'],
    fullDescription: [
      'Counts what decides the outcome of every policy. predict, sweep and advise take the file in place of the memory;',
      'the files of many hosts can be given together. It holds no addresses: see docs/digest.md.',
      '',
      'Examples:',
      '  thpscope digest --all -o host.digest.json',
      '  thpscope sweep host.digest.json',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const sweep = buildCommand<SweepFlags, string[], Context>({
  loader: async () => (await import('./sweep/run.ts')).sweep,
  parameters: sweepParameters,
  docs: {
    brief: 'Every policy at once: huge memory against growth and work',
    customUsage: ['(-p PID... | --cgroup PATH | --all | FILE...) [-L NAME A,B,C] [-P NAME MIN MAX STEP]'],
    fullDescription: [
      'Asks about every set of sizes and every max_ptes_none, 131,072 policies on x86-64, and shows those that no other',
      'beats. -L and -P choose: -L orders 2-9,4+9 -L kernel linux-7.2,linux-6.18 -P max-ptes-none 0 511 64.',
      '',
      'Examples:',
      '  thpscope sweep -p $(pidof -s redis-server)',
      '  thpscope sweep host.parquet --csv > policies.csv',
      '  thpscope sweep host.digest.json -L orders 64K,2M,64K+2M -P max-ptes-none 0 511 73',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const advise = buildCommand<AdviseFlags, string[], Context>({
  loader: async () => (await import('./advise/run.ts')).advise,
  parameters: adviseParameters,
  docs: {
    brief: 'The policy that fits a budget, and the writes that set it; changes nothing itself',
    customUsage: ['(-p PID... | --cgroup PATH | --all | FILE...) --max-growth N% [--max-work N]'],
    fullDescription: [
      'Finds, among all sets of sizes and all max_ptes_none, what brings most memory into huge pages within a budget.',
      'Says what it gains and costs, process by process, what to write to sysfs and how to go back. It writes nothing.',
      '',
      'Examples:',
      '  thpscope advise -p $(pidof -s redis-server) --max-growth 2%',
      '  thpscope advise host.digest.json --max-growth 512M --max-work 1000 --json',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const report = buildCommand<ReportFlags, string[], Context>({
  loader: async () => (await import('./report/run.ts')).report,
  parameters: reportParameters,
  docs: {
    brief: 'One HTML file with the findings in words and pictures, to mail and to print',
    customUsage: [
      '(-p PID... | --cgroup PATH | --all | FILE...) -o FILE [--policy ...] [--orders SET] [--max-ptes-none N] ...',
    ],
    fullDescription: [
      'Writes what a policy does to memory, what advise would set instead, maps of the processes, what is refused and why.',
      'The file has no script and loads nothing; docs/report.md says how to read it.',
      '',
      'Examples:',
      '  thpscope report -p $(pidof -s redis-server) -o redis.html',
      '  thpscope report examples/redis.parquet --policy default -o redis.html',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const conform = buildCommand<ConformFlags, [], Context>({
  loader: async () => (await import('./conform/run.ts')).conform,
  parameters: conformParameters,
  docs: {
    brief: 'The model against the real khugepaged of Linux 7.2 and 7.3 in QEMU',
    fullDescription: [
      'Boots real kernels in QEMU, has khugepaged work on generated ranges, and compares with the model, range by range.',
      'Kernels come from Debian through apt and are kept in ~/.cache/thpscope. Exit code 1: there is a difference.',
      '',
      'Example:',
      '  thpscope conform --kernel 7.2 --suite plain --ranges 10000 --seed 1',
    ].join('\n'),
  },
});

const verify = buildCommand<VerifyFlags, string[], Context>({
  loader: async () => (await import('./verify/run.ts')).verify,
  parameters: verifyParameters,
  docs: {
    brief: 'Two algorithms: same attempts on all inputs? else the smallest difference',
    customUsage: [
      'A B [--relation attempts|windows|collapses|coverage|result] [--pmd-order N] [--seed N] ...',
      'A B --pattern LIST [--pmd-order N] [--orders SET] [--max-ptes-none N] [--outcome ...] ...',
      'A',
      'A --against optimal [--objective coverage|folios|price:N] [SNAPSHOT...]',
      '--new FILE',
    ],
    fullDescription: [
      'Runs two algorithms side by side on every small range and on random large ones, and shows the smallest case in which',
      'they differ. With one algorithm it checks what any of them should keep to. An algorithm is walk, stack, stack-descend,',
      'stack-patch11, recursive, rounds, scaled, capped, v18, or the path of a module.',
      '',
      'Examples:',
      '  thpscope verify walk stack',
      '  thpscope verify walk rounds --relation windows --results SCAN_SUCCEED,SCAN_PAGE_COUNT',
      '  thpscope verify --new my-walk.js && thpscope verify walk my-walk.js',
      '  thpscope verify walk --against optimal --objective price:0.5 examples/redis.parquet',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const compare = buildCommand<CompareFlags, string[], Context>({
  loader: async () => (await import('./compare/run.ts')).compare,
  parameters: compareParameters,
  docs: {
    brief: 'Two algorithms on recorded memory: what differs in covered memory, attempts, work',
    customUsage: ['A B SNAPSHOT... [--policy ...] [--orders SET] [--max-ptes-none N] ...'],
    fullDescription: [
      'Plans recorded memory with two algorithms, as for verify, under the same settings. Exit code 1: they differ.',
      '',
      'Example:',
      '  thpscope compare walk scaled examples/redis.parquet --orders all --max-ptes-none 255',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const serve = buildCommand<ServeFlags, string[], Context>({
  loader: async () => (await import('./serve/run.ts')).serve,
  parameters: serveParameters,
  docs: {
    brief: 'Snapshots and running processes in a browser, on this machine only',
    customUsage: ['[FILE|DIRECTORY]... [-p PID]... [--cgroup PATH] [--all] [--port N] [--no-open]'],
    fullDescription: [
      'Shows memory in a browser: on this machine only, below an address that cannot be guessed, until Ctrl-C. Processes are',
      'read again every 10 seconds while a page shows them. Without a source it has the examples, and takes snapshots that are',
      'dropped on it. See docs/serve.md.',
      '',
      'Examples:',
      '  thpscope serve examples/redis.parquet',
      '  thpscope serve -p $(pidof -s redis-server) --refresh 2',
      '  thpscope serve --all --port 8080 --no-open',
      '',
      EXIT_CODES,
    ].join('\n'),
  },
});

const completion = buildCommand<object, [Shell], Context>({
  loader: async () => (await import('./completion/run.ts')).completion,
  parameters: {
    flags: {},
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: buildChoiceParser(['bash', 'zsh', 'fish']),
          placeholder: 'bash|zsh|fish',
          brief: 'The shell',
        },
      ],
    },
  },
  docs: {
    brief: 'Print code that completes commands and flags in a shell',
    fullDescription: 'Example:\n  source <(thpscope completion bash)',
  },
});

/** The command line; commands are loaded when they run, so that --version and --help stay fast. */
export function buildThpscope(version: string) {
  const root = buildRouteMap({
    routes: {
      predict,
      explain,
      simulate,
      capture,
      digest,
      sweep,
      advise,
      report,
      verify,
      compare,
      conform,
      serve,
      completion,
    },
    docs: {
      brief: 'Says what transparent huge page collapse will do to memory before it does it, and why',
      fullDescription:
        'thpscope says what khugepaged of Linux 7.2 and later will do to memory before it does it, and why.\n' +
        "Try 'thpscope predict --all' or 'thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0'.",
    },
  });
  return buildApplication(root, {
    name: 'thpscope',
    versionInfo: { currentVersion: version },
    scanner: { caseStyle: 'allow-kebab-for-camel', allowArgumentEscapeSequence: true },
    determineExitCode: () => EXIT.bug,
    documentation: { caseStyle: 'convert-camel-to-kebab', onlyRequiredInUsageLine: true },
  });
}
