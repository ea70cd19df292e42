import { documentedCommand } from '../../shared/help/command-docs.ts';
import { type PrintedSweepFlags, printedSweepFlags } from '../../sweep/command.ts';
import { dataset, type FleetFlags, fleetFlags } from '../fleet-flags.ts';

export type FleetSweepFlags = FleetFlags & PrintedSweepFlags;

export const fleetSweepCommand = documentedCommand<FleetSweepFlags, [string?]>({
  loader: async () => (await import('./run.ts')).fleetSweep,
  parameters: {
    flags: { ...fleetFlags, ...printedSweepFlags },
    aliases: { L: 'list', P: 'steps' },
    positional: dataset,
  },
  docs: {
    brief: 'Every policy at once, over the memory of all hosts',
    usage: ['DATASET [-L NAME A,B,C] [-P NAME MIN MAX STEP] [--where SQL]'],
    about: [
      'Adds up the last reading of each host and asks about every set of sizes and every max_ptes_none, as sweep does',
      'for one host.',
    ],
    examples: [
      'thpscope fleet sweep /srv/thp',
      'thpscope fleet sweep /srv/thp --where "service = \'redis.service\'" --csv > policies.csv',
    ],
    pages: ['fleet.md'],
  },
});
