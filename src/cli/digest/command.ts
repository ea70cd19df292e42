import { outputFile, type WrittenFlags, writtenJson } from '../shared/flags/output-flags.ts';
import { type TlbFlag, tlbFlag } from '../shared/flags/policy-flags.ts';
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

export type DigestFlags = TlbFlag & ProcessFlags & CostFlag & WorkersFlag & WrittenFlags;

export const digestCommand = documentedCommand<DigestFlags, string[]>({
  loader: async () => (await import('./run.ts')).digest,
  parameters: {
    flags: {
      ...processFlags,
      ...budgetFlag,
      ...costFlag,
      ...tlbFlag,
      ...outputFile('Digest'),
      ...workersFlag,
      ...writtenJson,
    },
    aliases: { p: 'pid', v: 'verbose', o: 'output' },
    positional: files,
  },
  docs: {
    brief: 'What decides every policy, in a file of some kilobytes per process',
    usage: [`(${PROCESSES} | FILE...) -o FILE`],
    about: [
      'Counts what decides the outcome of every policy. predict, sweep and advise take the file in place of the memory;',
      'the files of many hosts can be given together. It holds no addresses.',
    ],
    examples: [
      'thpscope digest --all -o host.digest.json',
      'thpscope sweep host.digest.json',
      'ssh host thpscope digest --all -o - | thpscope advise -',
    ],
    pages: ['digest.md'],
  },
});
