import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GuestFile } from './initramfs.ts';

const PACKAGE_ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Where the package lies in the guest. */
export const GUEST_PACKAGE = 'thpscope';

/** A program of this machine and the shared libraries that it needs, at the same paths in the guest. */
function programFiles(path: string, as: string): GuestFile[] {
  return [{ ...fileOf(path), name: as.slice(1) }, ...libraryPaths(path).map(fileOf)];
}

/** Paths of the libraries that the dynamic linker loads for a program, the linker itself included. */
function libraryPaths(path: string): string[] {
  const text = execFileSync('ldd', [path], { encoding: 'utf8' });
  return [...text.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, library]) => library);
}

function fileOf(path: string): GuestFile {
  return { name: path.slice(1), content: readFileSync(realpathSync(path)), executable: true };
}

/** Node as it runs here, as /bin/node. */
export function nodeFiles(): GuestFile[] {
  return programFiles(realpathSync(process.execPath), '/bin/node');
}

/** Node, and this package with what it needs, below /thpscope. */
export function packageFiles(): GuestFile[] {
  const root = (name: string) => join(PACKAGE_ROOT, name);
  const files = [
    ...['package.json', 'scripts/require-node.mjs'].map(root),
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

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => lstatSync(path).isFile());
}
