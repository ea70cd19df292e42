import { type Dirent, promises as fs } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, failWith, type Result, succeed } from '../../core/base/failure.ts';
import { partialPath, removeAbandoned } from '../../snapshot/partial-name.ts';
import { folderFailure } from './folder-failure.ts';
import { checkKey, type FleetStore, type StoredFile, sortedByKey } from './store.ts';

/**
 * Where files grow until they are whole: a folder of its own, so that removing what killed writers left does
 * not mean listing a day of all hosts. Hidden, so that no glob over the dataset finds it.
 */
const UNFINISHED = '.unfinished';

/**
 * A store in a folder that exists: local, NFS, a mounted bucket. The folder itself is never made, because a
 * file system that is not mounted would then fill the disk below it.
 */
export function folderStore(folder: string): FleetStore {
  return {
    name: folder,
    put: (key, bytes) => attempt(folder, key, () => putFile(folder, key, bytes)),
    get: (key) => getFile(folder, key),
    remove: (key) => attempt(folder, key, () => fs.rm(join(folder, key), { force: true })),
    list: (prefix) => listFiles(folder, prefix),
  };
}

async function getFile(folder: string, key: string): Promise<Result<Uint8Array>> {
  const file = await attempt(folder, key, async () => {
    await fs.access(folder);
    return await fs.readFile(join(folder, key)).catch(undefinedIfGone);
  });
  if (!file.ok) return file;
  return file.value ? succeed(file.value) : fail('unreadable', `${folder}: has no file ${key}`);
}

async function putFile(folder: string, key: string, bytes: Uint8Array): Promise<void> {
  const target = join(folder, key);
  const growing = join(folder, UNFINISHED);
  // Fails where there is no folder, before anything is made.
  await fs.access(folder);
  await makeFolder(growing, folder);
  await makeFolder(dirname(target), folder);
  await removeAbandoned(growing);
  const temporary = partialPath(join(growing, key.replaceAll('/', '-')));
  try {
    await fs.writeFile(temporary, bytes, { flag: 'wx', flush: true });
    await fs.rename(temporary, target);
  } catch (error) {
    await fs.rm(temporary, { force: true }).catch(() => {});
    throw error;
  }
  await syncFolder(dirname(target));
}

/** Makes a folder below another, and has the disk know it. */
async function makeFolder(path: string, below: string): Promise<void> {
  const first = await fs.mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let made = path; made !== below; made = dirname(made)) await syncFolder(dirname(made));
}

/** A file keeps its name over a loss of power only when its folder is written, too. */
async function syncFolder(path: string): Promise<void> {
  const handle = await fs.open(path, 'r');
  // File systems of buckets know no sync of folders.
  await handle.sync().catch(() => {});
  await handle.close();
}

async function listFiles(folder: string, prefix: string): Promise<Result<readonly StoredFile[]>> {
  const start = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const files: StoredFile[] = [];
  try {
    await (await fs.opendir(folder)).close();
    await collect(folder, start, prefix, files);
  } catch (error) {
    return failWith(folderFailure(folder, error as NodeJS.ErrnoException));
  }
  return succeed(sortedByKey(files));
}

/** Adds the files below a folder, `start` with its slash, whose keys begin with the prefix. */
async function collect(folder: string, start: string, prefix: string, files: StoredFile[]): Promise<void> {
  const entries = await fs.readdir(join(folder, start), { withFileTypes: true }).catch(noneIfGone);
  for (const entry of entries) {
    const key = `${start}${entry.name}`;
    if (entry.name.startsWith('.') || !(key.startsWith(prefix) || prefix.startsWith(`${key}/`))) continue;
    if (entry.isDirectory()) {
      await collect(folder, `${key}/`, prefix, files);
      continue;
    }
    // Links are followed: to a day that lies elsewhere, say.
    const stat = await fs.stat(join(folder, key)).catch(undefinedIfGone);
    if (stat?.isDirectory()) await collect(folder, `${key}/`, prefix, files);
    else if (stat?.isFile()) files.push({ key, bytes: stat.size });
  }
}

function noneIfGone(error: NodeJS.ErrnoException): Dirent[] {
  // A prefix may go on where a file is.
  if (error.code !== 'ENOENT' && error.code !== 'ENOTDIR') throw error;
  return [];
}

function undefinedIfGone(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

async function attempt<T>(folder: string, key: string, action: () => Promise<T>): Promise<Result<T>> {
  const sound = checkKey(key);
  if (!sound.ok) return sound;
  try {
    return succeed(await action());
  } catch (error) {
    return failWith(folderFailure(folder, error as NodeJS.ErrnoException));
  }
}
