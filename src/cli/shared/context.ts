import type { CommandContext } from '@stricli/core';
import type { Failure } from '../../core/base/failure.ts';
import type { ReadingClock } from '../../linux/reading-clock.ts';
import { foldLines } from '../../render/text/layout/fold-lines.ts';
import { type Style, styleOf } from '../../render/text/layout/style.ts';
import { printable } from '../../render/words/printable.ts';
import { exitCodeOf } from './exit-code.ts';
import type { ColorChoice } from './flags/output-flags.ts';
import { terminalColumns } from './help/terminal-columns.ts';
import type { Deadlines } from './search/deadline.ts';

/** What every command gets as `this`. */
export interface Context extends CommandContext {
  readonly process: NodeJS.Process;
  /** The name of the command that runs. */
  readonly command: string;
  readonly deadlines: Deadlines;
  /** The folder with /proc and /sys of the kernel to read: '' is the one that runs; tests have others. */
  readonly kernelRoot: string;
  /** What readings of processes are timed by. */
  readonly clock: ReadingClock;
}

/** Prints a failure and sets the exit code that goes with it. */
export function reportFailure(context: Context, failure: Failure): void {
  warn(context, failure.message);
  context.process.exitCode = exitCodeOf(failure.kind);
}

/** One line on stderr. */
export function warn(context: Context, message: string): void {
  context.process.stderr.write(`thpscope: ${printable(message)}\n`);
}

/** Colours for stdout: as asked for, else if it is a terminal and NO_COLOR is not set. */
export function styleFor(context: Context, choice: ColorChoice): Style {
  const { stdout, env } = context.process;
  return styleOf(choice === 'always' || (choice === 'auto' && stdout.isTTY === true && !env.NO_COLOR));
}

/** What JSON leaves as it is and terminals obey, or read backwards. */
const UNPRINTABLE = /[\u007f-\u009f\p{Bidi_Control}]/gu;

/**
 * Writes to stdout and waits while its reader is behind, so that long output does not pile up in memory. What
 * is meant for people has no control characters; in JSON they are escaped here.
 */
export async function print(context: Context, text: string): Promise<void> {
  const { stdout } = context.process;
  const safe = text.replace(
    UNPRINTABLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  if (!stdout.write(safe)) await new Promise<void>((resolve) => stdout.once('drain', resolve));
}

/** Prints what is for people, in lines that fit the terminal; as it is where that has no width. */
export async function printText(context: Context, text: string): Promise<void> {
  const columns = terminalColumns(context.process);
  await print(context, columns === undefined ? text : foldLines(text, Math.max(columns, 40)));
}
