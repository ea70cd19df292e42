import {
  type ApplicationText,
  ArgumentScannerError,
  formatMessageForArgumentScannerError,
  text_en,
} from '@stricli/core';
import { modelNameOfRelease } from '../core/rules/kernel-names.ts';
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
    return inColor(
      unknownKernel(error) ?? text_en.exceptionWhileParsingArguments.call(this, error, false),
      ansiColor,
    );
  },
  exceptionWhileRunningCommand(error, ansiColor) {
    return inColor(text_en.exceptionWhileRunningCommand.call(this, error, false), ansiColor);
  },
};

/** Of a kernel that is named as uname does, the model that answers for it; undefined for other errors. */
function unknownKernel(error: unknown): string | undefined {
  if (!(error instanceof ArgumentScannerError)) return undefined;
  const said: { text?: string } = {};
  formatMessageForArgumentScannerError(error, {
    EnumValidationError: ({ externalFlagName, input, values }) => {
      const model = modelNameOfRelease(input.replace(/^(linux-|v)/i, ''));
      if (externalFlagName === 'kernel' && model && values.includes(model))
        said.text = `Expected "${input}" to be one of (${values.join('|')}), did you mean "${model}", which answers for that kernel?`;
      return '';
    },
  });
  return said.text;
}

function inColor(text: string, ansiColor: boolean): string {
  const lines = text.split('\n').map(printable).join('\n');
  return ansiColor ? `\u001b[1m\u001b[31m${lines}\u001b[39m\u001b[22m` : lines;
}
