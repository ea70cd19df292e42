import { failWith, type Result, succeed } from '../../core/base/failure.ts';
import { OutputFile, WriteError } from '../../snapshot/output-file.ts';

/** Writes a text file; only a whole one gets the name. Says how many bytes it has. */
export async function writeOutput(path: string, text: string): Promise<Result<number>> {
  const bytes = new TextEncoder().encode(text);
  let file: OutputFile | undefined;
  try {
    file = await OutputFile.create(path);
    await file.append(bytes);
    await file.commit();
    return succeed(bytes.length);
  } catch (error) {
    await file?.discard();
    if (error instanceof WriteError) return failWith(error.failure);
    throw error;
  }
}
