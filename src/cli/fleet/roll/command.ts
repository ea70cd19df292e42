import { optionalText } from '../../shared/flags/flag-kinds.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';

export type FleetRollFlags = { readonly before?: string };

export const fleetRollCommand = documentedCommand<FleetRollFlags, [string]>({
  loader: async () => (await import('./run.ts')).fleetRoll,
  parameters: {
    flags: {
      before: optionalText('YYYY-MM-DD', 'Roll days before this one; by default all before today, UTC'),
    },
    positional: {
      kind: 'tuple',
      parameters: [
        { parse: String, placeholder: 'DATASET', brief: 'Folder that thpscope collect writes to' },
      ],
    },
  },
  docs: {
    brief: 'Put the files of each past day of a dataset into a few',
    usage: ['DATASET [--before YYYY-MM-DD]'],
    about: [
      'Puts what hosts sent on a day into one file for each table: answers come ten times sooner. May be killed at any',
      'point and run again; every reading counts once all the while.',
    ],
    examples: ['thpscope fleet roll /srv/thp'],
    pages: ['fleet.md'],
  },
});
