import { optionalSwitch, optionalText } from '../shared/flags/flag-kinds.ts';
import { type ListingFlags, listingFlags } from '../shared/flags/listing-flags.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type PolicyFlags, policyFlags, type TlbFlag, tlbFlag } from '../shared/flags/policy-flags.ts';
import {
  budgetFlag,
  files,
  PROCESSES,
  patternFlags,
  processFlags,
  type SourceFlags,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type PredictFlags = TlbFlag &
  SourceFlags &
  PolicyFlags &
  OutputFlags &
  ListingFlags & {
    readonly ranges?: string;
    readonly vma?: string;
    readonly restart?: boolean;
    readonly totals?: boolean;
    readonly verbose?: boolean;
  };

export const predictCommand = documentedCommand<PredictFlags, string[]>({
  loader: async () => (await import('./run.ts')).predict,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...tlbFlag,
      ...patternFlags,
      ranges: optionalText('FILE|-', 'Ranges as newline-delimited JSON; answers stream in the same order'),
      vma: optionalText(
        'ADDR',
        'List the PMD ranges of the VMA that holds an address, or of a START-END that -v prints: what becomes of each',
      ),
      restart: optionalSwitch(
        'What page faults make of each VMA when its process starts again; of each range with --ranges and --pattern',
      ),
      totals: optionalSwitch(
        'With --json: processes and VMAs without each range: kilobytes, whatever the memory',
      ),
      ...policyFlags,
      ...listingFlags,
      ...outputFlags,
      verbose: optionalSwitch('Show every process and VMA, and what reading processes took'),
    },
    aliases: { p: 'pid', v: 'verbose' },
    positional: files,
  },
  docs: {
    brief: 'What khugepaged would collapse, what it costs and gains',
    usage: [
      `(${PROCESSES} | FILE... | --pattern LIST | --ranges FILE|-) [--policy ...] [--orders SET] [--max-ptes-none N] ...`,
    ],
    about: ['Predicts what khugepaged would collapse in running processes, snapshots or made-up ranges.'],
    examples: [
      'thpscope predict -p $(pidof -s redis-server)',
      'thpscope predict --all --orders all --max-ptes-none 0',
      'thpscope predict -p 1234 --enabled always --vma 0x7f3a5c200000 --sort growth --top 20',
      'thpscope predict --all --json --totals',
      'thpscope predict --pattern 0-15 --orders all --max-ptes-none 0 --json',
    ],
    pages: ['start/first-prediction.md', 'fidelity.md', 'results.md'],
  },
});
