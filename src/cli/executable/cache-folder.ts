import { type BigIntStats, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';

/** Who runs the executable. */
export interface ExecutableUser {
  readonly uid: number;
  readonly home: string;
  /** The folder of the system for temporary files. */
  readonly temporary: string;
}

/** Names the folder that is to be used, and no other is then. */
export const CACHE_VARIABLE = 'THPSCOPE_CACHE';

/**
 * The folders in which the single executable may put its package, the best first. `THPSCOPE_CACHE` leaves no
 * choice; else what systemd made for a service (`CacheDirectory=`), then as the XDG Base Directory
 * Specification has it, then those that a user without a home has.
 */
export function cacheFolders(env: NodeJS.ProcessEnv, { uid, home, temporary }: ExecutableUser): string[] {
  const told = env[CACHE_VARIABLE];
  if (told) return [resolve(told)];
  const below = (folder: string | undefined) => (folder ? [join(folder, 'thpscope')] : []);
  return [
    // systemd separates several by colons.
    ...(env.CACHE_DIRECTORY?.split(':').slice(0, 1) ?? []),
    ...below(env.XDG_CACHE_HOME),
    join(home, '.cache/thpscope'),
    ...(uid === 0 ? ['/var/cache/thpscope'] : []),
    ...below(env.XDG_RUNTIME_DIR),
    join(temporary, `thpscope-${uid}`),
  ].filter((folder) => folder.startsWith('/'));
}

/**
 * Makes a folder, mode 0700, where it is not there, and gives its path without symbolic links. Fails where
 * somebody but the user and root could change what lies in it: the folder must be the user's own and closed
 * to others, and no folder above it may belong to a third user or be writable by others, but for those with
 * the sticky bit, such as /tmp.
 */
export function privateFolder(path: string, uid: number): Result<string> {
  try {
    const parent = existing(dirname(path));
    const why = whyOthersCanChange(parent, uid);
    if (why !== undefined) return fail('permission', why);
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // That of a service with DynamicUser= is a link of systemd.
    if (!isTrusted(lstatSync(path, { bigint: true }), uid))
      return fail('permission', `${path} belongs to another user`);
    const folder = realpathSync(path);
    const about = lstatSync(folder, { bigint: true });
    if (!about.isDirectory()) return fail('permission', `${folder} is no folder`);
    if (about.uid !== BigInt(uid)) return fail('permission', `${folder} belongs to another user`);
    if ((about.mode & 0o077n) !== 0n) return fail('permission', `${folder} is open to others; chmod 700 it`);
    const above = whyOthersCanChange(dirname(folder), uid);
    return above === undefined ? succeed(folder) : fail('permission', above);
  } catch (error) {
    return fail('permission', `${path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** The nearest folder at or above a path that is there, without symbolic links. */
function existing(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || path === dirname(path)) throw error;
    return existing(dirname(path));
  }
}

function whyOthersCanChange(folder: string, uid: number): string | undefined {
  const about = lstatSync(folder, { bigint: true });
  if (!isTrusted(about, uid)) return `${folder} belongs to another user`;
  if (isOpen(about)) return `others may write to ${folder}`;
  return folder === dirname(folder) ? undefined : whyOthersCanChange(dirname(folder), uid);
}

/** Whether something is the user's own or root's. */
function isTrusted(about: BigIntStats, uid: number): boolean {
  return about.uid === 0n || about.uid === BigInt(uid);
}

/** Whether others may replace what lies in a folder. */
function isOpen({ mode }: BigIntStats): boolean {
  return (mode & 0o022n) !== 0n && (mode & 0o1000n) === 0n;
}
