import { wholeNumber } from '../../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../../shared/flags/output-flags.ts';
import {
  type SettingsFlags,
  type SweptKernelFlag,
  settingsFlags,
  sweptKernelFlag,
} from '../../shared/flags/policy-flags.ts';
import { documentedCommand } from '../../shared/help/command-docs.ts';
import { dataset, type FleetFlags, fleetFlags } from '../fleet-flags.ts';

const KEYS = ['service', 'command', 'host', 'kernel'] as const;
const ORDERS = ['memory', 'growth', 'restart', 'entries'] as const;

export type FleetTopFlags = FleetFlags &
  SettingsFlags &
  SweptKernelFlag &
  OutputFlags & {
    readonly by: (typeof KEYS)[number];
    readonly sort: (typeof ORDERS)[number];
    readonly top: number;
  };

export const fleetTopCommand = documentedCommand<FleetTopFlags, [string?]>({
  loader: async () => (await import('./run.ts')).fleetTop,
  parameters: {
    flags: {
      ...fleetFlags,
      by: { kind: 'enum', values: KEYS, default: 'service', brief: 'What processes are added up by' },
      sort: {
        kind: 'enum',
        values: ORDERS,
        default: 'memory',
        brief:
          'By memory, by what khugepaged fills, by what page faults fill at a restart, or by TLB entries',
      },
      top: { kind: 'parsed', parse: wholeNumber, default: '20', placeholder: 'N', brief: 'Lines at most' },
      ...settingsFlags,
      ...sweptKernelFlag,
      ...outputFlags,
    },
    positional: dataset,
  },
  docs: {
    brief: 'Which services, commands, hosts or kernels have most memory, and grow most under settings',
    usage: ['DATASET [--by service|command|host|kernel] [--sort KEY] [--orders SET]'],
    about: [
      'Adds up the last reading of each host by service, command, host or kernel. Growth is that under the settings in',
      'force, where all hosts have the same, or those that the flags ask for.',
    ],
    examples: [
      'thpscope fleet top /srv/thp --by host --sort restart --orders 2M --max-ptes-none 511',
      'thpscope fleet top /srv/thp --by kernel --json',
    ],
    pages: ['fleet.md'],
  },
});
