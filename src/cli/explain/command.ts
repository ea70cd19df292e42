import { type CFlags, cFlags } from '../shared/flags/c-flags.ts';
import { optionalSwitch, optionalText } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import {
  type NoneLimitFlag,
  noneLimitFlag,
  type PolicyFlags,
  policyFlags,
} from '../shared/flags/policy-flags.ts';
import { searchFlag } from '../shared/flags/search-flag.ts';
import { files, patternFlags, processFlags, type SourceFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type ExplainFlags = Omit<SourceFlags, 'budget'> &
  Omit<PolicyFlags, 'algorithm'> &
  CFlags &
  NoneLimitFlag &
  OutputFlags & {
    readonly format?: 'text' | 'json' | 'svg';
    /** The name of a built-in algorithm, or a file with another. */
    readonly algorithm?: string;
    readonly address?: string;
    readonly verbose?: boolean;
  };

export const explainCommand = documentedCommand<ExplainFlags, string[]>({
  loader: async () => (await import('./run.ts')).explain,
  parameters: {
    flags: {
      ...processFlags,
      ...patternFlags,
      address: optionalText(
        'ADDR',
        'An address in the PMD range to explain, or START-END of a VMA for its first range with pages, whole ones first',
      ),
      ...policyFlags,
      ...noneLimitFlag,
      algorithm: searchFlag('How a range is searched; as the kernel model does by default'),
      ...cFlags,
      format: {
        kind: 'enum',
        values: ['text', 'json', 'svg'],
        optional: true,
        brief: 'text by default; svg is one picture, complete in itself',
      },
      ...outputFlags,
      verbose: optionalSwitch('Show the steps inside empty windows too'),
    },
    aliases: { p: 'pid', v: 'verbose' },
    positional: files,
  },
  docs: {
    brief: 'One PMD range, every step: which window, how many pages, the threshold, the outcome',
    usage: ['--pattern LIST [--orders SET] [--max-ptes-none N] ...', '(-p PID | FILE) --address ADDR ...'],
    about: [
      'Explains one PMD range step by step. Windows are written OFFSET:ORDER.',
      'An address in a mapping of a file, or of shared memory, is explained by the page cache of that part of the file: who maps it, which settings govern it, what is in memory, what khugepaged makes of it. Patterns, orders and searches are those of anonymous memory.',
    ],
    examples: [
      'thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0',
      'thpscope explain --pattern all --orders all --outcome 7-9=SCAN_ALLOC_HUGE_PAGE_FAIL --algorithm stack',
      'thpscope explain --pattern 4-7,12-27 --orders all --algorithm mthp_collapse.c',
      'thpscope explain -p 1234 --address 0x7f3a5c200000',
      'thpscope explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0 --format svg > steps.svg',
    ],
    pages: ['khugepaged.md', 'results.md'],
  },
});
