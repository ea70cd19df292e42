import { GROWTH_KINDS, type GrowthKind } from '../../analysis/advice/growth-kinds.ts';
import { optionalNumber } from '../shared/flags/flag-kinds.ts';
import { type ListingFlags, listingFlags } from '../shared/flags/listing-flags.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import {
  type BaseSettingsFlags,
  baseSettingsFlags,
  type SweptKernelFlag,
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
  workersFlag,
} from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

/** What advice is asked for, and how it is printed. */
export type AdvisedFlags = BaseSettingsFlags &
  ListingFlags &
  SweptKernelFlag &
  WorkersFlag &
  OutputFlags & {
    readonly maxGrowth: string;
    readonly growth: GrowthKind;
    readonly within: string;
    readonly maxWork?: number;
    readonly by: 'process' | 'service';
    readonly format?: AdviceFormat;
    readonly words: 'always' | 'madvise';
  };

export type AdviseFlags = TlbFlag & ProcessFlags & CostFlag & AdvisedFlags & { readonly measure?: string };

/** What is printed: the advice for people, as JSON, or only its writes for what reads them. */
const ADVICE_FORMATS = ['text', 'sh', 'tmpfiles', 'cmdline', 'systemd', 'json'] as const;
type AdviceFormat = (typeof ADVICE_FORMATS)[number];

export const advisedFlags = {
  maxGrowth: {
    kind: 'parsed',
    parse: String,
    default: '5%',
    placeholder: 'N%|SIZE|none',
    brief: 'How much the memory of the machine may grow: a share of the memory read, a size, or no limit',
  },
  growth: {
    kind: 'enum',
    values: GROWTH_KINDS,
    default: 'both',
    brief: 'Which growth that is: by khugepaged now, by page faults at a restart, or each of both',
  },
  within: {
    kind: 'parsed',
    parse: String,
    default: '1%',
    placeholder: 'N%',
    brief: 'TLB entries, as a share of those of the memory, that are not worth a change',
  },
  maxWork: optionalNumber('N', 'Attempts in vain in every later pass, once nothing changes, at most'),
  words: {
    kind: 'enum',
    values: ['always', 'madvise'],
    default: 'always',
    brief: 'What sizes that are enabled say: always for all memory, madvise for memory with MADV_HUGEPAGE',
  },
  by: {
    kind: 'enum',
    values: ['process', 'service'],
    default: 'process',
    brief: 'What to tell apart; by service, single ones may opt out of the settings (MemoryTHP= of systemd)',
  },
  format: {
    kind: 'enum',
    values: ADVICE_FORMATS,
    optional: true,
    brief: 'Print only the writes: a script, for tmpfiles.d, for the command line of the kernel, drop-ins',
  },
  ...baseSettingsFlags(
    'Write to enabled, khugepaged/max_ptes_swap or khugepaged/max_ptes_shared, which advise does not choose; repeatable',
  ),
  ...sweptKernelFlag,
  ...workersFlag,
  ...listingFlags,
  ...outputFlags,
} as const;

export const adviseCommand = documentedCommand<AdviseFlags, string[]>({
  loader: async () => (await import('./run.ts')).advise,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...costFlag,
      ...tlbFlag,
      ...advisedFlags,
      measure: {
        kind: 'parsed',
        parse: String,
        optional: true,
        placeholder: 'TIME',
        brief: 'Count page walks of the processes for this long (10s): what any settings can gain at most',
      },
    },
    aliases: { p: 'pid', v: 'verbose' },
    positional: files,
  },
  docs: {
    brief: 'Whether to change the settings within a budget, and the writes that do; changes nothing itself',
    usage: [`(${PROCESSES} | FILE...) [--max-growth N%] [--growth now|restart|both] [--max-work N]`],
    about: [
      'Finds, among all sets of sizes and all max_ptes_none, what maps the memory with the fewest TLB entries within a budget',
      'of growth, now and when the programs start again, and whether that is worth a change. Says what it gains and costs,',
      'process by process, what to write to sysfs and how to go back. It writes nothing.',
    ],
    examples: [
      'thpscope advise -p $(pidof -s redis-server) --max-growth 2%',
      'thpscope advise host.digest.json --max-growth 512M --max-work 1000 --json',
      'thpscope advise --all --by service',
      'thpscope advise --all --format tmpfiles > /etc/tmpfiles.d/thp.conf',
    ],
    pages: ['advice.md', 'services.md', 'page-walks.md'],
  },
});
