import { type CommandInfo, ExitCode, proposeCompletions, run } from '@stricli/core';
import { buildThpscope } from './app.ts';
import type { Context } from './shared/context.ts';
import { EXIT } from './shared/exit-code.ts';
import { inheritedFlag } from './shared/flags/inherited-flag.ts';
import { joinParameterWords } from './shared/flags/parameter-words.ts';
import { terminalColumns } from './shared/help/terminal-columns.ts';

/** What is there before a command is known. */
export type Surroundings = Omit<Context, 'command'>;

/** Runs one command line as the process of `surroundings`, and leaves the exit code there. */
export async function runThpscope(typed: readonly string[], surroundings: Surroundings): Promise<void> {
  const { process } = surroundings;
  const context = {
    process,
    forCommand: ({ prefix }: CommandInfo): Context => ({
      ...surroundings,
      command: prefix[prefix.length - 1],
    }),
  };
  // `thpscope help predict` is what many try first.
  const asked = typed[0] === 'help' ? [...typed.slice(1), '--help'] : typed;
  const words = joinParameterWords(asked);
  const thpscope = buildThpscope(terminalColumns(process));
  const inherited = inheritedFlag(words);
  if (inherited !== undefined) {
    process.stderr.write(`No flag registered for --${inherited}\n`);
    process.exitCode = EXIT.usage;
  } else if (words[0] === '__complete') {
    // What `thpscope completion` has shells ask: one proposal a line. Flags only where one begins, else files
    // would not do.
    const begun = words.slice(1);
    const proposals = await proposeCompletions(thpscope, begun, context);
    const fitting = proposals.filter(
      ({ completion }) => !completion.startsWith('-') || begun.at(-1)?.startsWith('-'),
    );
    process.stdout.write(fitting.map(({ completion }) => `${completion}\n`).join(''));
  } else if (words[0] === '__import') {
    // What `placeOf` of shared/algorithm-module.ts starts: Node ends this process, and says where the error
    // is.
    await import(words[1]);
  } else {
    await run(thpscope, words, context);
  }

  if (process.exitCode === ExitCode.InvalidArgument || process.exitCode === ExitCode.UnknownCommand) {
    process.exitCode = EXIT.usage;
  } else if (typeof process.exitCode === 'number' && process.exitCode < 0) {
    process.exitCode = EXIT.bug;
  }
}
