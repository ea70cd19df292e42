import { fileURLToPath } from 'node:url';

/** What other threads run; the last is run by Node's own, for modules in TypeScript. */
export type ThreadScript =
  | 'digest-worker'
  | 'search-worker'
  | 'sweep-worker'
  | 'verify-worker'
  | 'type-stripping-hooks';

/** Where a file or a folder that comes with the package is, by its path in the package. */
export function packagePath(path: string): string {
  return fileURLToPath(packageUrl(path));
}

/** What another thread runs, as it was built. */
export function threadScript(name: ThreadScript): URL {
  return packageUrl(`dist/cli/${name}.js`);
}

/** This module is two folders below the package as a source, and in what is built of it. */
function packageUrl(path: string): URL {
  return new URL(`../../${path}`, import.meta.url);
}
