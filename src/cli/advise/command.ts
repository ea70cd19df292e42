import { buildCommand } from '@stricli/core';
import { describeCommand } from '../shared/command-docs.ts';
import type { Context } from '../shared/context.ts';
import { optionalNumber } from '../shared/flag-kinds.ts';
import { type ListingFlags, listingFlags } from '../shared/listing-flags.ts';
import { type OutputFlags, outputFlags } from '../shared/output-flags.ts';
import {
  type BaseSettingsFlags,
  baseSettingsFlags,
  type SweptKernelFlag,
  sweptKernelFlag,
} from '../shared/policy-flags.ts';
import {
  files,
  PROCESSES,
  type ProcessFlags,
  processFlags,
  type WorkersFlag,
  workersFlag,
} from '../shared/source-flags.ts';

export type AdviseFlags = ProcessFlags &
  BaseSettingsFlags &
  ListingFlags &
  SweptKernelFlag &
  WorkersFlag &
  OutputFlags & {
    readonly maxGrowth: string;
    readonly maxWork?: number;
    readonly format?: AdviceFormat;
    readonly words: 'always' | 'madvise';
  };

/** What is printed: the advice for people, as JSON, or only its writes for what reads them. */
const ADVICE_FORMATS = ['text', 'sh', 'tmpfiles', 'cmdline', 'json'] as const;
type AdviceFormat = (typeof ADVICE_FORMATS)[number];

export const adviseCommand = buildCommand<AdviseFlags, string[], Context>({
  loader: async () => (await import('./run.ts')).advise,
  parameters: {
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
      words: {
        kind: 'enum',
        values: ['always', 'madvise'],
        default: 'always',
        brief:
          'What sizes that are enabled say: always for all memory, madvise for memory with MADV_HUGEPAGE',
      },
      format: {
        kind: 'enum',
        values: ADVICE_FORMATS,
        optional: true,
        brief: 'Print only the writes: a script, a file for tmpfiles.d, the command line of the kernel',
      },
      ...baseSettingsFlags(
        'Write to enabled, khugepaged/max_ptes_swap or khugepaged/max_ptes_shared, which advise does not choose; repeatable',
      ),
      ...sweptKernelFlag,
      ...workersFlag,
      ...listingFlags,
      ...outputFlags,
    },
    aliases: { p: 'pid' },
    positional: files,
  },
  docs: {
    brief: 'The policy that fits a budget, and the writes that set it; changes nothing itself',
    customUsage: [`(${PROCESSES} | FILE...) --max-growth N% [--max-work N]`],
    fullDescription: describeCommand(
      [
        'Finds, among all sets of sizes and all max_ptes_none, what brings most memory into huge pages within a budget.',
        'Says what it gains and costs, process by process, what to write to sysfs and how to go back. It writes nothing.',
      ],
      [
        'thpscope advise -p $(pidof -s redis-server) --max-growth 2%',
        'thpscope advise host.digest.json --max-growth 512M --max-work 1000 --json',
        'thpscope advise --all --format tmpfiles > /etc/tmpfiles.d/thp.conf',
      ],
    ),
  },
});
