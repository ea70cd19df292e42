import { type BigIntStats, statSync } from 'node:fs';
import { fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { OutputFile, type Readers, WriteError } from '../../snapshot/output-file.ts';

/** Writes a text file; only a whole one gets the name. Says how many bytes it has. */
export async function writeOutput(path: string, text: string, readers: Readers): Promise<Result<number>> {
  const bytes = new TextEncoder().encode(text);
  let file: OutputFile | undefined;
  try {
    file = await OutputFile.create(path, readers);
    await file.append(bytes);
    await file.commit();
    return succeed(bytes.length);
  } catch (error) {
    await file?.discard();
    if (error instanceof WriteError) return failWith(error.failure);
    throw error;
  }
}

/** Fails where the output would take the place of one of these inputs, by whatever path it is named. */
export function checkOutput(output: string, inputs: readonly string[]): Result<void> {
  const target = statOf(output);
  for (const input of inputs) {
    const stat = statOf(input);
    if (target && stat && target.dev === stat.dev && target.ino === stat.ino)
      return fail(
        'usage',
        `${output}: is an input${output === input ? '' : ` (${input})`}; choose another name`,
      );
  }
  return succeed(undefined);
}

function statOf(path: string): BigIntStats | undefined {
  try {
    return statSync(path, { bigint: true, throwIfNoEntry: false });
  } catch {
    // Whoever opens it says why it cannot be.
    return undefined;
  }
}
