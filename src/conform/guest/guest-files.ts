import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { PACKAGE_ROOT } from '../package-root.ts';
import type { GuestFile } from './initramfs.ts';

/** Where the package lies in the guest. */
export const GUEST_PACKAGE = 'thpscope';

/**
 * A program of this machine and the shared libraries that it needs, at the same paths in the guest. With a
 * `root`, a program of packages that were unpacked there, whose libraries come before those of the machine.
 */
export function programFiles(path: string, as: string, root = '/'): GuestFile[] {
  return [{ ...fileOf(path, '/'), name: as.slice(1) }, ...libraryFiles(path, root)];
}

/** The libraries that the dynamic linker loads for a program, the linker itself included. */
export function libraryFiles(path: string, root = '/'): GuestFile[] {
  const env = root === '/' ? {} : { LD_LIBRARY_PATH: join(root, 'usr/lib/x86_64-linux-gnu') };
  const text = execFileSync('ldd', [path], { encoding: 'utf8', env: { ...process.env, ...env } });
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library]) => fileOf(library, root));
}

/** A file, at its path below `root` if it lies there. */
function fileOf(path: string, root: string): GuestFile {
  const name = relative(path.startsWith(root) ? root : '/', path);
  return { name, content: readFileSync(realpathSync(path)), executable: true };
}

/** Node as it runs here, as /bin/node. */
function nodeFiles(): GuestFile[] {
  return programFiles(realpathSync(process.execPath), '/bin/node');
}

/** Node, and this package with what it needs, below /thpscope. */
export function packageFiles(): GuestFile[] {
  const root = (name: string) => join(PACKAGE_ROOT, name);
  const files = [
    ...['package.json', 'scripts/require-node.cjs'].map(root),
    ...filesBelow(root('dist')).filter((path) => !path.includes('/web/')),
  ];
  for (const folder of dependencyFolders(PACKAGE_ROOT)) files.push(...filesBelow(folder));
  return [
    ...nodeFiles(),
    ...files.map((path) => ({
      name: join(GUEST_PACKAGE, relative(PACKAGE_ROOT, path)),
      content: readFileSync(path),
    })),
  ];
}

/** The folders of a package's dependencies, and of theirs, as npm has laid them. */
function dependencyFolders(root: string): Set<string> {
  const folders = new Set<string>();
  const add = (from: string) => {
    const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
      readFileSync(join(from, 'package.json'), 'utf8'),
    ) as Record<string, Record<string, string>>;
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const folder = resolveFolder(from, name);
      if (!folder || folders.has(folder)) continue;
      folders.add(folder);
      add(folder);
    }
  };
  add(root);
  return folders;
}

function resolveFolder(from: string, name: string): string | undefined {
  for (let at = from; ; at = dirname(at)) {
    const folder = join(at, 'node_modules', name);
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (at === dirname(at)) return undefined;
  }
}

/** Paths of all files below a folder. */
export function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isFile());
}
