import { optionalNumber, optionalSwitch, wordList } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type PolicyFlags, policyFlags } from '../shared/flags/policy-flags.ts';
import { budgetFlag, PROCESSES, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type DiffFlags = ProcessFlags &
  PolicyFlags &
  OutputFlags & {
    readonly csv?: boolean;
    readonly verbose?: boolean;
    readonly top?: number;
    readonly by: 'process' | 'service';
  };

export const diffCommand = documentedCommand<DiffFlags, string[]>({
  loader: async () => (await import('./run.ts')).diff,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...policyFlags,
      by: {
        kind: 'enum',
        values: ['process', 'service'],
        default: 'process',
        brief: 'What the table and the CSV are of: each process, or all of a service together',
      },
      top: optionalNumber(
        'N',
        'Rows of the table at most, 20 by default; those that changed most come first',
      ),
      verbose: optionalSwitch(
        'List the VMAs that changed of each process too, and say what reading processes took',
      ),
      csv: optionalSwitch('Print processes, and with -v their VMAs, as CSV'),
      ...outputFlags,
    },
    aliases: { p: 'pid', v: 'verbose' },
    positional: wordList(
      'FILE',
      'One snapshot and the processes that run now, or two snapshots; - is standard input',
    ),
  },
  docs: {
    brief: 'Two readings of memory: what changed, and did the prediction come true',
    usage: [`BEFORE (AFTER | ${PROCESSES}) [--policy current|FILE] [-v]`],
    about: [
      'Compares recorded memory with a later recording, or with what runs now: huge pages by size, what collapsed, was split,',
      'filled, freed, by process and VMA; settings and counters of the kernel that changed in between.',
      'With settings (--policy current: those that the second reading found in force) it predicts from the first',
      'reading and says what came true, what did not yet, and what went otherwise.',
    ],
    examples: [
      'thpscope capture --all -o before.parquet',
      'thpscope diff before.parquet --all',
      'thpscope diff before.parquet after.parquet --policy current -v',
    ],
    pages: ['diff.md'],
  },
});
