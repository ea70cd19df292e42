import { closeSync, readFile } from 'node:fs';
import { promisify } from 'node:util';
import { formatBytes } from '../../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { parseJson } from '../../../core/base/json.ts';
import { openRegularFile } from '../../../snapshot/regular-file.ts';

const readOpen = promisify(readFile);

/** Larger than anything but snapshots, which are read in pieces: what is larger is something else. */
export const LARGEST_BYTES = 2 ** 28;

/** A file that a command reads: where it is, and what messages call it. */
export interface InputFile {
  readonly path: string;
  readonly name: string;
}

/** The bytes of an input that is read as a whole. */
export async function readInputFile({ path, name }: InputFile): Promise<Result<Uint8Array>> {
  const file = openRegularFile(path, name);
  if (!file.ok) return file;
  const { fd, size } = file.value;
  try {
    if (size > LARGEST_BYTES)
      return fail('unreadable', `${name}: has ${formatBytes(size)}, too much for what it should be`);
    return succeed(await readOpen(fd));
  } catch (error) {
    return fail('unreadable', `${name}: cannot be read: ${(error as Error).message}`);
  } finally {
    closeSync(fd);
  }
}

export async function readJsonFile(file: InputFile): Promise<Result<unknown>> {
  const bytes = await readInputFile(file);
  if (!bytes.ok) return bytes;
  const json = jsonOfBytes(bytes.value);
  return json.ok ? json : fail('unreadable', `${file.name}: ${json.failure.message}`);
}

/** The JSON that bytes are in UTF-8. */
export function jsonOfBytes(bytes: Uint8Array): Result<unknown> {
  try {
    return parseJson(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return fail('unreadable', 'not JSON (its text is not UTF-8)');
  }
}
