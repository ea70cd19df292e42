import { buildChoiceParser } from '@stricli/core';
import { documentedCommand } from '../shared/help/command-docs.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export const completionCommand = documentedCommand<object, [Shell]>({
  loader: async () => (await import('./run.ts')).completion,
  parameters: {
    flags: {},
    positional: {
      kind: 'tuple',
      parameters: [{ parse: buildChoiceParser(SHELLS), placeholder: SHELLS.join('|'), brief: 'The shell' }],
    },
  },
  docs: {
    brief: 'Print code that completes commands and flags in a shell',
    usage: [SHELLS.join('|')],
    about: ['Prints code for the shell: it completes commands, flags and their values.'],
    examples: ['source <(thpscope completion bash)'],
  },
});
