import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { CACHE_VARIABLE, privateFolder } from './cache-folder.ts';

/** The package within the executable. */
export interface CarriedPackage {
  /** Version and hash: its folder has this name, so that another version never meets it. */
  readonly name: string;
  /** Paths of its files, in it. */
  readonly files: readonly string[];
  /** The library that the system must be able to load from where it lies. */
  readonly library: string;
  readonly contentOf: (file: string) => Uint8Array;
}

/**
 * The folder in which the package lies, whole, with the very bytes of the executable: what is there already
 * is compared with them each time. Else it is written to the first of `folders` that no other user can change
 * (`privateFolder`), from which libraries can be loaded if there is one. Fails, saying what to do, where none
 * will do.
 */
export function placePackage(
  carried: CarriedPackage,
  folders: readonly string[],
  uid: number,
  canLoad: (library: string) => boolean,
): Result<string> {
  for (const folder of folders) {
    const place = join(folder, carried.name);
    if (existsSync(place) && privateFolder(folder, uid).ok && isWhole(carried, place)) return succeed(place);
  }
  const reasons: string[] = [];
  const written: string[] = [];
  let loads: string | undefined;
  for (const folder of folders) {
    const own = privateFolder(folder, uid);
    const place = own.ok ? write(carried, own.value) : own;
    if (!place.ok) {
      reasons.push(place.failure.message);
      continue;
    }
    written.push(place.value);
    if (!canLoad(join(place.value, carried.library))) continue;
    loads = place.value;
    break;
  }
  // Without the library, memory is read in the slower way, and the answer says so.
  const chosen = loads ?? written.at(0);
  for (const other of written) if (other !== chosen) rmSync(other, { recursive: true, force: true });
  if (chosen !== undefined) return succeed(chosen);
  return fail(
    'permission',
    `no folder to unpack to (${reasons.join('; ')}); set ${CACHE_VARIABLE} to a folder of your own, mode 700, ` +
      'on a file system that may be written and is not mounted noexec',
  );
}

function isWhole({ files, contentOf }: CarriedPackage, place: string): boolean {
  try {
    return files.every((file) => readFileSync(join(place, file)).equals(contentOf(file)));
  } catch {
    return false;
  }
}

/** Writes the package beside its place and moves it there, so that nobody ever sees half of it. */
function write(carried: CarriedPackage, folder: string): Result<string> {
  const place = join(folder, carried.name);
  let work: string | undefined;
  try {
    work = mkdtempSync(join(folder, 'unpack-'));
    for (const file of carried.files) {
      const path = join(work, file);
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
      writeFileSync(path, carried.contentOf(file), {
        mode: file.endsWith('.sh') ? 0o700 : 0o600,
        flag: 'wx',
      });
    }
    // Another process may have been first, and loads from there.
    if (!isWhole(carried, place)) replace(work, place);
    return isWhole(carried, place) ? succeed(place) : fail('unreadable', `${place}: not what was written`);
  } catch (error) {
    return fail('permission', `${folder}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  } finally {
    if (work !== undefined) rmSync(work, { recursive: true, force: true });
  }
}

/** Moves a folder to where a damaged one may lie, or one that another process has put there meanwhile. */
function replace(work: string, place: string): void {
  if (existsSync(place)) {
    const old = `${work}.old`;
    renameSync(place, old);
    rmSync(old, { recursive: true, force: true });
  }
  try {
    renameSync(work, place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}
