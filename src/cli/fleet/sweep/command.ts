import { buildCommand } from '@stricli/core';
import { describeCommand } from '../../shared/command-docs.ts';
import type { Context } from '../../shared/context.ts';
import { type PrintedSweepFlags, printedSweepFlags } from '../../sweep/command.ts';
import { dataset, type FleetFlags, fleetFlags } from '../fleet-flags.ts';

export type FleetSweepFlags = FleetFlags & PrintedSweepFlags;

export const fleetSweepCommand = buildCommand<FleetSweepFlags, [string?], Context>({
  loader: async () => (await import('./run.ts')).fleetSweep,
  parameters: {
    flags: { ...fleetFlags, ...printedSweepFlags },
    aliases: { L: 'list', P: 'steps' },
    positional: dataset,
  },
  docs: {
    brief: 'Every policy at once, over the memory of all hosts',
    customUsage: ['DATASET [-L NAME A,B,C] [-P NAME MIN MAX STEP] [--where SQL]'],
    fullDescription: describeCommand(
      [
        'Adds up the last reading of each host and asks about every set of sizes and every max_ptes_none, as sweep does',
        'for one host.',
      ],
      [
        'thpscope fleet sweep /srv/thp',
        'thpscope fleet sweep /srv/thp --where "service = \'redis.service\'" --csv > policies.csv',
      ],
    ),
  },
});
