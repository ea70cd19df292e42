import { type CFlags, cFlags } from '../shared/flags/c-flags.ts';
import { wordList } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type OutcomeFlags, outcomeFlags } from '../shared/flags/policy-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type CompareFlags = OutcomeFlags & CFlags & OutputFlags;

export const compareCommand = documentedCommand<CompareFlags, string[]>({
  loader: async () => (await import('./run.ts')).compare,
  parameters: {
    flags: { ...outcomeFlags, ...cFlags, ...outputFlags },
    positional: wordList('ALGORITHM', 'Two algorithms, then snapshots, of which - is standard input'),
  },
  docs: {
    brief: 'Two algorithms on recorded memory: what differs in covered memory, attempts, work',
    usage: ['A B SNAPSHOT... [--policy ...] [--orders SET] [--max-ptes-none N] ...'],
    about: [
      'Plans recorded memory with two algorithms, as for verify, under the same settings. Exit code 1: they differ.',
    ],
    examples: ['thpscope compare walk scaled examples/redis.parquet --orders all --max-ptes-none 255'],
    pages: ['verify.md'],
  },
});
