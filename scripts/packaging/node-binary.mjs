// Node itself, as the packages of npm for each architecture carry it: those are the binaries of nodejs.org.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** Version and hash of what goes out: a release is built from the same bytes everywhere. */
const PINNED = JSON.parse(readFileSync(new URL('node-binaries.json', import.meta.url), 'utf8'));

/** Binutils of each architecture. */
const STRIP = { x64: 'x86_64-linux-gnu-strip', arm64: 'aarch64-linux-gnu-strip' };

export const ARCHITECTURES = Object.keys(PINNED.binaries);
const NODE_VERSION = PINNED.version;

/** A folder of the cache that holds `node`, the licence of Node and `node.stripped`, without symbols. */
export function nodeBinary(arch) {
  const { package: name, integrity } = PINNED.binaries[arch];
  const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'thpscope/node');
  const folder = join(cache, `${NODE_VERSION}-${arch}`);
  if (!existsSync(folder)) {
    mkdirSync(cache, { recursive: true });
    const work = mkdtempSync(join(cache, 'fetch-'));
    try {
      const content = fetchPackage(`${name}@${NODE_VERSION}`, integrity, work);
      for (const [from, to] of [
        ['bin/node', 'node'],
        ['LICENSE', 'LICENSE'],
      ])
        renameSync(join(content, from), join(work, to));
      rmSync(content, { recursive: true });
      execFileSync(arch === process.arch ? 'strip' : STRIP[arch], [
        '-o',
        join(work, 'node.stripped'),
        join(work, 'node'),
      ]);
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  }
  return folder;
}

/** A package of npm, unpacked below `work`; refused if it is not what the hash says. */
export function fetchPackage(spec, integrity, work) {
  const packed = execFileSync('npm', ['pack', '--silent', '--pack-destination', work, spec], {
    encoding: 'utf8',
  });
  const file = join(work, packed.trim().split('\n').at(-1));
  const [algorithm, hash] = integrity.split(/-(.*)/s);
  if (createHash(algorithm).update(readFileSync(file)).digest('base64') !== hash)
    throw new Error(`${spec} is not what was pinned`);
  execFileSync('tar', ['-xzf', file, '-C', work, '--no-same-owner']);
  rmSync(file);
  return join(work, 'package');
}
