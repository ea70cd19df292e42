import { type AdvisedFlags, advisedFlags } from '../../advise/command.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';
import { dataset, type FleetFlags, fleetFlags } from '../fleet-flags.ts';

export type FleetAdviseFlags = FleetFlags & AdvisedFlags;

export const fleetAdviseCommand = documentedCommand<FleetAdviseFlags, [string?]>({
  loader: async () => (await import('./run.ts')).fleetAdvise,
  parameters: { flags: { ...fleetFlags, ...advisedFlags }, positional: dataset },
  docs: {
    brief: 'Whether to change the settings of all hosts within a budget; changes nothing itself',
    usage: ['DATASET [--max-growth N%] [--by service] [--where SQL]'],
    about: [
      'Adds up the last reading of each host and finds the settings for all of them, as advise does for one host: within',
      'a budget of growth, now and at a restart, and the limits of control groups. Names the hosts that grow most.',
    ],
    examples: [
      'thpscope fleet advise /srv/thp --max-growth 2%',
      'thpscope fleet advise /srv/thp --by service',
      'thpscope fleet advise /srv/thp --where "labels LIKE \'%;rack=a;%\'" --json',
    ],
    pages: ['fleet.md', 'advice.md'],
  },
});
