import { buildCommand } from '@stricli/core';
import { describeCommand } from '../shared/command-docs.ts';
import type { Context } from '../shared/context.ts';
import { optionalSwitch } from '../shared/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/output-flags.ts';
import { type SettingsFlags, settingsFlags } from '../shared/policy-flags.ts';

export type ApplyFlags = SettingsFlags &
  OutputFlags & {
    readonly undo?: boolean;
    readonly yes?: boolean;
  };

export const applyCommand = buildCommand<ApplyFlags, [string?], Context>({
  loader: async () => (await import('./run.ts')).apply,
  parameters: {
    flags: {
      ...settingsFlags,
      undo: optionalSwitch('Go back to the settings before the first apply since the machine was started'),
      yes: optionalSwitch('Write them; without it nothing is changed'),
      ...outputFlags,
    },
    positional: {
      kind: 'tuple',
      parameters: [
        {
          parse: String,
          optional: true,
          placeholder: 'ADVICE',
          brief: 'What advise --json printed; - is standard input',
        },
      ],
    },
  },
  docs: {
    brief: 'Write THP settings of this machine, and go back; changes nothing without --yes',
    customUsage: [
      'ADVICE [--yes]',
      '[--set FILE=VALUE] [--policy FILE] [--orders SET] ... [--yes]',
      '--undo [--yes]',
    ],
    fullDescription: describeCommand(
      [
        'Shows which files of /sys/kernel/mm/transparent_hugepage an advice, or the settings that the flags name, would change,',
        'and with --yes writes them in an order in which no memory may use a size meanwhile that it may not use before',
        'or after. What they held is recorded first, in /var/lib/thpscope/applied.json, so that --undo can go back',
        'wherever it was ended. The settings hold until the machine is started again. The only command that changes anything.',
      ],
      [
        'thpscope advise --all --json > advice.json',
        'thpscope apply advice.json',
        'thpscope apply advice.json --yes',
        'thpscope apply --set hugepages-64kB/enabled=madvise --yes',
        'thpscope apply --undo --yes',
      ],
    ),
  },
});
