import { optionalSwitch, optionalText } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type SettingsFlags, settingsFlags } from '../shared/flags/policy-flags.ts';
import { PROCESSES, type ProcessFlags, processFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type ApplyFlags = SettingsFlags &
  Omit<ProcessFlags, 'budget'> &
  OutputFlags & {
    readonly undo?: boolean;
    readonly collapse?: boolean;
    readonly maxGrowth?: string;
    readonly rate?: string;
    readonly yes?: boolean;
    readonly otherMachine?: boolean;
  };

export const applyCommand = documentedCommand<ApplyFlags, [string?]>({
  loader: async () => (await import('./run.ts')).apply,
  parameters: {
    flags: {
      ...settingsFlags,
      undo: optionalSwitch('Go back to the settings before the first apply since the machine was started'),
      yes: optionalSwitch('Do it; without it nothing is changed'),
      otherMachine: optionalSwitch(
        'Follow an advice that was made of another machine or for another kernel, whose figures do not hold here',
      ),
      collapse: optionalSwitch(
        'Collapse what the settings would collapse to the PMD size, now, with MADV_COLLAPSE; the settings stay as they are',
      ),
      ...processFlags,
      maxGrowth: optionalText(
        'N%|SIZE|none',
        'With --collapse: how much memory may grow by it, 0 by default: ranges without an empty page',
      ),
      rate: optionalText('SIZE', 'With --collapse: memory to collapse in a second at most, 256M by default'),
      ...outputFlags,
    },
    aliases: { p: 'pid' },
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
    usage: [
      'ADVICE [--yes]',
      '[--set FILE=VALUE] [--policy FILE] [--orders SET] ... [--yes]',
      '--undo [--yes]',
      `--collapse (${PROCESSES}) [ADVICE] [--orders SET] ... [--max-growth SIZE] [--yes]`,
    ],
    about: [
      'Shows which files of /sys/kernel/mm/transparent_hugepage an advice, or the settings that the flags name, would change,',
      'and with --yes writes them in an order in which no memory may use a size meanwhile that it may not use before',
      'or after. What they held is recorded first, in /var/lib/thpscope/applied.json, so that --undo can go back',
      'wherever it was ended. The settings hold until the machine is started again. The only command that changes anything.',
      'An advice of another machine or for another kernel, and one whose services are to opt out first and have not, it',
      'refuses with --yes. With --collapse it changes no setting: it makes huge pages of what an advice, or the settings that the flags name,',
      'would collapse, those ranges first that grow least, and stops where memory gets short. That cannot be undone.',
    ],
    examples: [
      'thpscope advise --all --json > advice.json',
      'thpscope apply advice.json',
      'thpscope apply advice.json --yes',
      'thpscope apply --set hugepages-64kB/enabled=madvise --yes',
      'thpscope apply --undo --yes',
      'thpscope apply --collapse -p $(pidof -s redis-server) --enabled always --max-growth 64M --yes',
    ],
    files: [['/var/lib/thpscope/applied.json', 'what the files held before thpscope wrote them']],
    pages: ['apply.md'],
  },
});
