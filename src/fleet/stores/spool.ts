import { randomBytes } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { formatBytes } from '../../core/base/bytes.ts';
import { type Failure, fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { partialPath, removeAbandoned } from '../../snapshot/partial-name.ts';
import { folderFailure } from './folder-failure.ts';
import { packParcel, type SpooledFile, unpackParcel } from './parcel.ts';
import type { FleetStore } from './store.ts';

/**
 * A folder in which files wait until a store takes them, and how many bytes may wait. Several processes may
 * use one at once: their names differ, and what two of them deliver has one key and the same bytes.
 */
export interface Spool {
  readonly folder: string;
  readonly limit: number;
}

export interface FilesAndBytes {
  readonly files: number;
  readonly bytes: number;
}

/** What became of what waited. */
export interface Delivery {
  readonly delivered: FilesAndBytes;
  /** What still waits, because of the failure. */
  readonly waiting: FilesAndBytes;
  readonly failure?: Failure;
}

/** A parcel that waits, by the name of its file. */
interface Waiting extends FilesAndBytes {
  readonly name: string;
}

const NOTHING: FilesAndBytes = { files: 0, bytes: 0 };
const DIGITS = 15;
/** A number, so that names sort as parcels came; what keeps processes apart; how many files. */
const NAME = /^\d{15}-[0-9a-f]{8}-(\d+)$/;

/**
 * Adds a parcel at the end of the spool: once this returns it is on the disk, whatever happens to the
 * process, and before that none of it is. The oldest parcels go where more than the limit would wait; answers
 * what went, which is to be said. Until they have gone the spool holds one parcel more.
 */
export async function addToSpool(
  { folder, limit }: Spool,
  files: readonly SpooledFile[],
): Promise<Result<FilesAndBytes>> {
  const parcel = packParcel(files);
  const size = parcel.length;
  if (size > limit)
    return fail(
      'usage',
      `spool ${folder}: a reading of ${formatBytes(size)} exceeds its limit of ${formatBytes(limit)}; raise it`,
    );
  try {
    await fs.mkdir(folder, { recursive: true, mode: 0o700 });
    await removeAbandoned(folder);
    const earlier = await listWaiting(folder);
    const number = String(1 + Number(earlier.at(-1)?.name.slice(0, DIGITS) ?? 0)).padStart(DIGITS, '0');
    const mark = randomBytes(4).toString('hex');
    await writeWhole(folder, `${number}-${mark}-${files.length}`, parcel);
    return succeed(await dropOldest(folder, earlier, limit - size));
  } catch (error) {
    return failWith(spoolFailure(folder, error));
  }
}

/**
 * Has a store take what waits, oldest first and in the order of each parcel, until it fails to take one. A
 * parcel leaves the spool after the store has all of it: whoever dies before delivers it again, under the
 * same keys.
 */
export async function deliverSpool({ folder }: Spool, store: FleetStore): Promise<Delivery> {
  let delivered = NOTHING;
  let waiting: readonly Waiting[] = [];
  const end = (failure?: Failure): Delivery => ({ delivered, waiting: totalOf(waiting), failure });
  try {
    waiting = await listWaiting(folder);
    while (waiting.length > 0) {
      const path = join(folder, waiting[0].name);
      const parcel = await fs.readFile(path).catch(undefinedIfMissing);
      const files = parcel ? unpackParcel(parcel) : [];
      if (!files) return end({ kind: 'unreadable', message: `${path}: is damaged; remove it` });
      for (const { key, bytes } of files) {
        const taken = await store.put(key, bytes);
        if (!taken.ok) return end(taken.failure);
        delivered = { files: delivered.files + 1, bytes: delivered.bytes + bytes.length };
      }
      // Another process may have delivered it, too.
      await fs.rm(path, { force: true });
      waiting = waiting.slice(1);
    }
    return end();
  } catch (error) {
    return end(spoolFailure(folder, error));
  }
}

/** What waits in a folder, oldest first; nothing where there is no folder yet. */
async function listWaiting(folder: string): Promise<Waiting[]> {
  const names = await fs.readdir(folder).catch((error) => undefinedIfMissing(error) ?? []);
  const waiting: Waiting[] = [];
  for (const name of names.sort()) {
    const files = NAME.exec(name)?.[1];
    if (files === undefined) continue;
    const stat = await fs.stat(join(folder, name)).catch(undefinedIfMissing);
    if (stat) waiting.push({ name, files: Number(files), bytes: stat.size });
  }
  return waiting;
}

/** Drops the oldest until the others take no more bytes than this. */
async function dropOldest(folder: string, waiting: readonly Waiting[], room: number): Promise<FilesAndBytes> {
  let { bytes: held } = totalOf(waiting);
  let dropped = NOTHING;
  for (const { name, files, bytes } of waiting) {
    if (held <= room) break;
    held -= bytes;
    // One that is gone has been delivered, or dropped and counted elsewhere.
    const isGone = await fs.unlink(join(folder, name)).then(() => false, isMissing);
    if (!isGone) dropped = { files: dropped.files + files, bytes: dropped.bytes + bytes };
  }
  return dropped;
}

async function writeWhole(folder: string, name: string, bytes: Uint8Array): Promise<void> {
  const temporary = partialPath(join(folder, name));
  try {
    await fs.writeFile(temporary, bytes, { flag: 'wx', mode: 0o600, flush: true });
    await fs.rename(temporary, join(folder, name));
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  const handle = await fs.open(folder, 'r');
  await handle.sync().finally(() => handle.close());
}

function totalOf(waiting: readonly Waiting[]): FilesAndBytes {
  return waiting.reduce(
    (sum, each) => ({ files: sum.files + each.files, bytes: sum.bytes + each.bytes }),
    NOTHING,
  );
}

function isMissing(error: NodeJS.ErrnoException): true {
  if (error.code !== 'ENOENT') throw error;
  return true;
}

function undefinedIfMissing(error: NodeJS.ErrnoException): undefined {
  isMissing(error);
}

function spoolFailure(folder: string, error: unknown): Failure {
  return folderFailure(`spool ${folder}`, error as NodeJS.ErrnoException);
}
