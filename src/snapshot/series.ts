import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { type Failed, fail, type Result, succeed } from '../core/base/failure.ts';

/** The names of the files of a series: the time at which reading began, in UTC, so that they sort by it. */
const NAME = /^\d{8}T\d{6}Z\.parquet$/;

/** What a series may take on the disk: so many files, or so many bytes. */
export interface SeriesBound {
  readonly files?: number;
  readonly bytes?: number;
}

/** The name of the snapshot of a moment. */
export function seriesName(time: Date): string {
  return `${time.toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.parquet`;
}

/** The paths of the snapshots in a folder, the oldest first; other files do not count. */
export async function seriesFiles(folder: string): Promise<Result<string[]>> {
  try {
    const names = await fs.readdir(folder);
    return succeed(
      names
        .filter((name) => NAME.test(name))
        .sort()
        .map((name) => join(folder, name)),
    );
  } catch (error) {
    return cannotRead(folder, error as NodeJS.ErrnoException);
  }
}

/**
 * Removes the oldest snapshots of a series until it keeps to the bound; the newest stays. Returns how many
 * went.
 */
export async function trimSeries(
  folder: string,
  { files = Infinity, bytes = Infinity }: SeriesBound,
): Promise<Result<number>> {
  const listed = await seriesFiles(folder);
  if (!listed.ok) return listed;
  let [kept, size, removed] = [0, 0, 0];
  for (const path of listed.value.toReversed()) {
    const stat = await fs.stat(path).catch(() => undefined);
    kept++;
    size += stat?.size ?? 0;
    if (kept === 1 || (kept <= files && size <= bytes)) continue;
    try {
      await fs.rm(path, { force: true });
      removed++;
    } catch (error) {
      return cannotRead(path, error as NodeJS.ErrnoException);
    }
  }
  return succeed(removed);
}

function cannotRead(path: string, { code, message }: NodeJS.ErrnoException): Failed {
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return fail('usage', `${path}: no such folder; create it first`);
  return fail(code === 'EACCES' || code === 'EPERM' ? 'permission' : 'unreadable', `${path}: ${message}`);
}
