import { ExitCode, proposeCompletions, run } from '@stricli/core';
import { buildThpscope } from './app.ts';
import { EXIT } from './shared/exit-code.ts';
import { joinParameterWords } from './shared/parameter-words.ts';
import { VERSION } from './shared/version.ts';

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A reader such as `head` may close stdout early; that ends the work and is no error.
  if (error.code === 'EPIPE') process.exit(EXIT.done);
  process.stderr.write(`thpscope: standard output: ${error.message}\n`);
  process.exit(EXIT.unsupported);
});

const thpscope = buildThpscope(VERSION);
const words = joinParameterWords(process.argv.slice(2));
if (words[0] === '__complete') {
  // What `thpscope completion` has shells ask: one proposal a line. Flags only where one begins, else files would not do.
  const typed = words.slice(1);
  const proposals = await proposeCompletions(thpscope, typed, { process });
  const fitting = proposals.filter(
    ({ completion }) => !completion.startsWith('-') || typed.at(-1)?.startsWith('-'),
  );
  process.stdout.write(fitting.map(({ completion }) => `${completion}\n`).join(''));
} else {
  await run(thpscope, words, { process });
}

if (process.exitCode === ExitCode.InvalidArgument || process.exitCode === ExitCode.UnknownCommand) {
  process.exitCode = EXIT.usage;
} else if (typeof process.exitCode === 'number' && process.exitCode < 0) {
  process.exitCode = EXIT.bug;
}
