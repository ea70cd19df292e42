import { wholeNumber } from '../../shared/flags/flag-kinds.ts';
import { files } from '../../shared/flags/source-flags.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';

export type FleetGenerateFlags = {
  readonly output: string;
  readonly hosts: number;
  readonly processes: number;
  readonly seed?: number;
};

const number = (placeholder: string, brief: string, byDefault: string) =>
  ({ kind: 'parsed', parse: wholeNumber, default: byDefault, placeholder, brief }) as const;

export const fleetGenerateCommand = documentedCommand<FleetGenerateFlags, string[]>({
  loader: async () => (await import('./run.ts')).fleetGenerate,
  parameters: {
    flags: {
      output: {
        kind: 'parsed',
        parse: String,
        placeholder: 'DATASET',
        brief: 'Folder to add the hosts to; it is made if it is not there',
      },
      hosts: number('N', 'How many hosts', '100'),
      processes: number('N', 'How many processes each has', '50'),
      seed: {
        kind: 'parsed',
        parse: wholeNumber,
        optional: true,
        placeholder: 'N',
        brief: 'The same seed, time aside, makes the same hosts; by default another each time, and printed',
      },
    },
    aliases: { o: 'output' },
    positional: files,
  },
  docs: {
    brief: 'A made-up fleet from recordings, to try questions on',
    usage: ['FILE... -o DATASET [--hosts N] [--processes N] [--seed N]'],
    about: [
      'Draws the processes of made-up hosts from recordings and adds them to a dataset as if they had been collected',
      'now: to try questions on before there is a fleet, and to see how long they take at its size.',
    ],
    examples: ['thpscope fleet generate examples/services.digest.json -o /tmp/fleet --hosts 1000 --seed 1'],
    pages: ['fleet.md'],
  },
});
