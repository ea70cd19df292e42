import { buildChoiceParser, buildCommand } from '@stricli/core';
import type { Context } from '../shared/context.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

export type Shell = (typeof SHELLS)[number];

export const completionCommand = buildCommand<object, [Shell], Context>({
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
    fullDescription: 'Example:\n  source <(thpscope completion bash)',
  },
});
