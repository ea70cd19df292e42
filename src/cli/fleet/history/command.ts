import { type OutputFlags, outputFlags } from '../../shared/flags/output-flags.ts';
import {
  type SettingsFlags,
  type SweptKernelFlag,
  settingsFlags,
  sweptKernelFlag,
} from '../../shared/flags/policy-flags.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';
import { dataset, type FleetFlags, fleetFlags } from '../fleet-flags.ts';

export type FleetHistoryFlags = FleetFlags & SettingsFlags & SweptKernelFlag & OutputFlags;

export const fleetHistoryCommand = documentedCommand<FleetHistoryFlags, [string?]>({
  loader: async () => (await import('./run.ts')).fleetHistory,
  parameters: {
    flags: {
      ...fleetFlags,
      since: { ...fleetFlags.since, default: '30d', brief: 'How far back from the newest reading (7d, 90d)' },
      ...settingsFlags,
      ...sweptKernelFlag,
      ...outputFlags,
    },
    positional: dataset,
  },
  docs: {
    brief: 'Memory, huge memory and growth of all hosts, day by day',
    usage: ['DATASET [--since 30d] [--where SQL]'],
    about: [
      'Adds up the last reading of each host on each day: what was huge then, and what settings would have added.',
    ],
    examples: ['thpscope fleet history /srv/thp --since 7d --where "service = \'redis.service\'"'],
    pages: ['fleet.md'],
  },
});
