import { optionalSwitch, optionalText } from '../shared/flags/flag-kinds.ts';
import { type OutputFlags, outputFlags } from '../shared/flags/output-flags.ts';
import { type BaseSettingsFlags, baseSettingsFlags } from '../shared/flags/policy-flags.ts';
import { type GeometryFlags, geometryFlags } from '../shared/flags/source-flags.ts';
import { documentedCommand } from '../shared/help/command-docs.ts';

export type FaultsFlags = OutputFlags &
  GeometryFlags &
  BaseSettingsFlags & {
    readonly vma?: string;
    readonly history?: string;
    readonly histories?: string;
    readonly orders?: string;
    readonly noZeroPage?: boolean;
    readonly verbose?: boolean;
  };

export const faultsCommand = documentedCommand<FaultsFlags, []>({
  loader: async () => (await import('./run.ts')).faults,
  parameters: {
    flags: {
      vma: optionalText('START-END', 'Pages of the VMA from a PMD border on, the end exclusive'),
      history: optionalText(
        'ACTS',
        'What a program does: wPAGE writes, rPAGE reads, dPAGE gives back; also FIRST-LAST',
      ),
      histories: optionalText(
        'FILE|-',
        'Histories as newline-delimited JSON; answers stream in the same order',
      ),
      orders: optionalText(
        'SET',
        'Sizes that page faults may use: 2-9, 4,9, 64K,2M or none; all by default, or what the settings enable',
      ),
      ...baseSettingsFlags(
        'Write to enabled or hugepages-SIZEkB/enabled; repeatable. With settings, sizes are those of memory with MADV_HUGEPAGE',
      ),
      noZeroPage: optionalSwitch('use_zero_page is off: reads get no huge zero page'),
      ...geometryFlags('the VMA'),
      ...outputFlags,
      verbose: optionalSwitch('Show the windows of acts on several pages too'),
    },
    aliases: { v: 'verbose' },
  },
  docs: {
    brief: 'Page faults, step by step: which folio each first touch of a page gets, and why',
    usage: [
      '--vma START-END --history ACTS [--orders SET] [--no-zero-page] [--page-size SIZE] [--pmd-order N]',
      '--histories FILE|- [--orders SET] [--no-zero-page] [--page-size SIZE] [--pmd-order N]',
    ],
    about: [
      'Follows the page faults of one anonymous VMA that is empty at first, while memory is free.',
      'Linux before 6.8 gives page faults the PMD order only: --orders 9 on x86-64.',
    ],
    examples: [
      'thpscope faults --vma 3-1024 --history "w37 w101 r5 d0-511" --orders 2-9',
      'thpscope faults --vma 0-512 --history "w37 w101" --orders 64K --json',
      `echo '{"vma":"3-1024","history":"w37","orders":"2-9"}' | thpscope faults --histories -`,
    ],
    pages: ['khugepaged.md#page-faults'],
  },
});
