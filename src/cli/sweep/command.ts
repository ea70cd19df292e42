import { optionalSwitch, repeatedText } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import {
  type BaseSettingsFlags,
  policyFlag,
  setFlag,
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
  workersFlag,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

/** Which policies are swept, and how the answer is printed. */
export type PrintedSweepFlags = Pick<BaseSettingsFlags, 'policy' | 'set'> &
  WorkersFlag &
  OutputFlags & {
    readonly list?: readonly string[];
    readonly steps?: readonly string[];
    readonly csv?: boolean;
  };

export type SweepFlags = TlbFlag & ProcessFlags & CostFlag & PrintedSweepFlags;

export const printedSweepFlags = {
  list: repeatedText(
    'NAME=A,B',
    'Values of orders (2-9, 64K+2M), max-ptes-none, kernel or words (always, madvise: of the enabled sizes); -L NAME A,B',
  ),
  steps: repeatedText('NAME=MIN,MAX,STEP', 'Values of max-ptes-none in steps; -P max-ptes-none MIN MAX STEP'),
  ...policyFlag,
  ...setFlag('Write to khugepaged/max_ptes_swap or khugepaged/max_ptes_shared; repeatable'),
  ...workersFlag,
  csv: optionalSwitch('Print every policy as CSV'),
  ...outputFlags,
} as const;

export const sweepCommand = documentedCommand<SweepFlags, string[]>({
  loader: async () => (await import('./run.ts')).sweep,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...costFlag,
      ...tlbFlag,
      ...printedSweepFlags,
    },
    aliases: { p: 'pid', v: 'verbose', L: 'list', P: 'steps' },
    positional: files,
  },
  docs: {
    brief: 'Every policy at once: huge memory against growth and work',
    usage: [`(${PROCESSES} | FILE...) [-L NAME A,B,C] [-P NAME MIN MAX STEP]`],
    about: [
      'Asks about every set of sizes and every max_ptes_none, 131,072 policies from Linux 7.2 on with pages of 4K and 512 where 2M',
      'are 32 pages of 64K, and shows those that no other beats. -L and -P choose: -L orders 2-9,4+9 -L kernel linux-7.2,linux-6.18',
      '-P max-ptes-none 0 511 64.',
    ],
    examples: [
      'thpscope sweep -p $(pidof -s redis-server)',
      'thpscope sweep host.parquet --csv > policies.csv',
      'thpscope sweep host.digest.json -L kernel linux-7.3 -L orders 64K,2M,64K+2M -P max-ptes-none 0 511 73',
    ],
    pages: ['digest.md', 'reference/csv.md'],
  },
});
