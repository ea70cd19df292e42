import { SYSTEM_CLOCK } from '../linux/reading-clock.ts';
import { runThpscope } from './run.ts';
import { EXIT } from './shared/exit-code.ts';
import { DEADLINES } from './shared/search/deadline.ts';

/** Runs the command line of this process, and leaves the exit code there. */
export async function startThpscope(): Promise<void> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    // A reader such as `head` may close stdout early; that ends the work and is no error, unless it is a file
    // that is written.
    if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.done);
    process.stderr.write(`thpscope: standard output: ${error.message}\n`);
    process.exit(EXIT.unsupported);
  });

  // What cannot be said on stderr is lost; the exit code still tells.
  process.stderr.on('error', () => {});

  await runThpscope(process.argv.slice(2), {
    process,
    deadlines: DEADLINES,
    kernelRoot: '',
    clock: SYSTEM_CLOCK,
  });
}
