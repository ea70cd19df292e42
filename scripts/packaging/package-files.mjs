// What a host needs of the package to run its command line, without npm: the files of every form that carries
// Node with it.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchPackage } from './node-binary.mjs';

export const { version: VERSION } = JSON.parse(readFileSync('package.json', 'utf8'));
const NATIVE = 'koffi.node';
/** Files and folders of the package; the rest of it is for programs that import it, and for readers. */
const OWN = [
  'package.json',
  'LICENSE',
  'scripts/require-node.cjs',
  'dist/cli',
  'dist/web',
  'examples',
  'c-walk',
  'kernel-lab',
  'node_modules/koffi/package.json',
  'node_modules/koffi/LICENSE.txt',
  'node_modules/koffi/index.cjs',
  'node_modules/koffi/index.js',
  'node_modules/@swc/wasm-typescript',
];

/** The library that has to be loaded from a file. */
export const LIBRARY = (arch) => `node_modules/@koromix/koffi-linux-${arch}/linux_${arch}/${NATIVE}`;

/** Files by their paths in the package, in order, the same for each build of a commit. */
export function packageFiles(arch) {
  const files = [
    ...OWN.flatMap((path) => (statSync(path).isFile() ? [path] : filesBelow(path))),
    // The rest there is for building it.
    ...filesBelow('node_modules/koffi/src').filter((path) => /\.c?js$/.test(path)),
  ];
  const contents = new Map(files.map((path) => [path, readFileSync(path)]));
  for (const [path, content] of nativeFiles(arch)) contents.set(path, content);
  return new Map([...contents].sort(([one], [other]) => (one < other ? -1 : 1)));
}

export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile());
}

/** The part of koffi for an architecture, the same package that npm would install there. */
function nativeFiles(arch) {
  const name = `node_modules/@koromix/koffi-linux-${arch}`;
  const { version, integrity } = JSON.parse(readFileSync('package-lock.json', 'utf8')).packages[name];
  const work = mkdtempSync(join(tmpdir(), 'thpscope-koffi-'));
  try {
    const content = fetchPackage(`${name.slice('node_modules/'.length)}@${version}`, integrity, work);
    return ['package.json', 'index.js', `linux_${arch}/${NATIVE}`].map((path) => [
      `${name}/${path}`,
      readFileSync(join(content, path)),
    ]);
  } finally {
    rmSync(work, { recursive: true });
  }
}
