import { type ApplicationText, text_en } from '@stricli/core';
import { printable } from '../render/words/printable.ts';

/**
 * What the command line says of words that it does not understand, and of bugs. The words may come from
 * anywhere: file names that a shell expanded, other programs.
 */
export const errorText: ApplicationText = {
  ...text_en,
  noCommandRegisteredForInput: ({ input, ...rest }) =>
    text_en.noCommandRegisteredForInput({ ...rest, input: printable(input) }),
  exceptionWhileParsingArguments(error, ansiColor) {
    return inColor(text_en.exceptionWhileParsingArguments.call(this, error, false), ansiColor);
  },
  exceptionWhileRunningCommand(error, ansiColor) {
    return inColor(text_en.exceptionWhileRunningCommand.call(this, error, false), ansiColor);
  },
};

function inColor(text: string, ansiColor: boolean): string {
  const lines = text.split('\n').map(printable).join('\n');
  return ansiColor ? `\u001b[1m\u001b[31m${lines}\u001b[39m\u001b[22m` : lines;
}
