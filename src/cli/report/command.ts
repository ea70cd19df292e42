import { optionalNumber } from '../shared/flags/flag-kinds.ts';
import { type ListingFlags, listingFlags } from '../shared/flags/listing-flags.ts';
import { outputFile, type WrittenFlags, writtenJson } from '../shared/flags/output-flags.ts';
import {
  type SettingsFlags,
  type SweptKernelFlag,
  settingsFlags,
  sweptKernelFlag,
  type TlbFlag,
  tlbFlag,
} from '../shared/flags/policy-flags.ts';
import {
  budgetFlag,
  type CostFlag,
  costFlag,
  files,
  PROCESSES,
  type ProcessFlags,
  processFlags,
  type WorkersFlag,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type ReportFlags = TlbFlag &
  ProcessFlags &
  CostFlag &
  SettingsFlags &
  SweptKernelFlag &
  WorkersFlag &
  ListingFlags &
  WrittenFlags;

export const reportCommand = documentedCommand<ReportFlags, string[]>({
  loader: async () => (await import('./run.ts')).report,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...costFlag,
      ...tlbFlag,
      ...outputFile('HTML file'),
      ...settingsFlags,
      ...sweptKernelFlag,
      workers: optionalNumber('N', 'Worker threads for what the sweep has to walk; all cores by default'),
      ...listingFlags,
      ...writtenJson,
    },
    aliases: { p: 'pid', v: 'verbose', o: 'output' },
    positional: files,
  },
  docs: {
    brief: 'One HTML file with the findings in words and pictures, to mail and to print',
    usage: [`(${PROCESSES} | FILE...) -o FILE [--policy ...] [--orders SET] [--max-ptes-none N] ...`],
    about: [
      'Writes what a policy does to memory, what advise would set instead, maps of the processes, what is refused and why.',
      'The file has no script and loads nothing.',
    ],
    examples: [
      'thpscope report -p $(pidof -s redis-server) -o redis.html',
      'thpscope report examples/redis.parquet --policy default -o redis.html',
    ],
    pages: ['report.md'],
  },
});
