import { type BigIntStats, statSync } from 'node:fs';
import { fail, failWith, type Result, succeed } from '../../../core/base/failure.ts';
import { type Output, OutputFile, type Readers, WriteError } from '../../../snapshot/output-file.ts';
import type { Context } from '../context.ts';
import type { WrittenFlags } from '../flags/output-flags.ts';
import { StandardOutput } from './standard-output.ts';

/** The file of this name, which gets it only when it is whole; for `-` standard output. */
export async function openOutput({ process }: Context, path: string, readers: Readers): Promise<Output> {
  return path === '-' ? new StandardOutput(process) : OutputFile.create(path, readers);
}

/** Writes a text file. Says how many bytes it has. */
export async function writeOutput(
  context: Context,
  path: string,
  text: string,
  readers: Readers,
): Promise<Result<number>> {
  const bytes = new TextEncoder().encode(text);
  let file: Output | undefined;
  try {
    file = await openOutput(context, path, readers);
    await file.append(bytes);
    await file.commit();
    return succeed(bytes.length);
  } catch (error) {
    await file?.discard();
    if (error instanceof WriteError) return failWith(error.failure);
    throw error;
  }
}

/**
 * Fails where the output would take the place of one of these inputs, by whatever path it is named, or
 * standard output is not free for it.
 */
export function checkOutput(
  { process }: Context,
  { output, json }: WrittenFlags,
  inputs: readonly string[],
): Result<void> {
  if (output === '-' && json)
    return fail('usage', '-o - and --json: both write to standard output; give one of them');
  if (output === '-' && process.stdout.isTTY)
    return fail(
      'usage',
      '-o -: standard output is a terminal; redirect it to a file or pipe it to a command',
    );
  if (output === '-') return succeed(undefined);
  const target = statOf(output);
  for (const input of inputs.filter((each) => each !== '-')) {
    const stat = statOf(input);
    if (target && stat && target.dev === stat.dev && target.ino === stat.ino)
      return fail(
        'usage',
        `${output}: is an input${output === input ? '' : ` (${input})`}; choose another name`,
      );
  }
  return succeed(undefined);
}

/** Where something was written, after "wrote". */
export function outputName(output: string): string {
  return output === '-' ? 'to standard output' : output;
}

/** What is said where a signal ends the writing. */
export function notWritten(output: string): string {
  return output === '-'
    ? 'interrupted, what went to standard output is not whole'
    : `interrupted, ${output} was not written`;
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Whoever opens it says why it cannot be.
    return undefined;
  }
}
