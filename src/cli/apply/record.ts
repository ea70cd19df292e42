import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { parseJson } from '../../core/base/json.ts';
import type { Context } from '../shared/context.ts';
import { writeOutput } from '../shared/output/write-output.ts';

const schema = z.object({
  schema: z.literal('thpscope/applied@1'),
  bootId: z.string(),
  /** When the first of them was applied, ISO 8601. */
  time: z.string(),
  files: z.array(
    z.object({
      file: z.string().regex(/^[\w-]+(\/[\w-]+)*$/),
      /** What it held before thpscope wrote to it. */
      before: z.string(),
      /** What thpscope wrote, or was about to write when it was ended. */
      written: z.array(z.string()).min(1),
    }),
  ),
});

/** What apply has changed since the machine was started: enough to go back, wherever it was ended. */
export type AppliedRecord = z.infer<typeof schema>;

/** Where it is kept. */
export function recordPath({ kernelRoot }: Context): string {
  return `${kernelRoot}/var/lib/thpscope/applied.json`;
}

/** The record; undefined where nothing was applied since the machine was started. */
export function readRecord(context: Context, bootId: string): Result<AppliedRecord | undefined> {
  const path = recordPath(context);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return succeed(undefined);
    return fail(code === 'EACCES' ? 'permission' : 'unreadable', `${path}: ${message}`);
  }
  const json = parseJson(text);
  const parsed = json.ok ? schema.safeParse(json.value) : undefined;
  if (!parsed?.success)
    return fail('unreadable', `${path}: is no record of thpscope apply; look at it, and move it away`);
  // Settings end with the boot.
  return succeed(parsed.data.bootId === bootId ? parsed.data : undefined);
}

/** Keeps the record, on the disk when this returns. */
export async function writeRecord(context: Context, record: AppliedRecord): Promise<Result<void>> {
  const path = recordPath(context);
  try {
    mkdirSync(dirname(path), { recursive: true });
  } catch (error) {
    return fail('permission', `${dirname(path)}: ${(error as Error).message}`);
  }
  const written = await writeOutput(context, path, `${JSON.stringify(record)}\n`, 'umask');
  return written.ok ? succeed(undefined) : written;
}

export function removeRecord(context: Context): void {
  rmSync(recordPath(context), { force: true });
}
