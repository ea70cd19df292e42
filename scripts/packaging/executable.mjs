// thpscope as one file, by Node's single executable applications:
// https://nodejs.org/docs/latest-v20.x/api/single-executable-applications.html. The same commit gives the
// same bytes.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inject } from 'postject';
import { build } from 'vite';
import { nodeBinary } from './node-binary.mjs';
import { LIBRARY, packageFiles, VERSION } from './package-files.mjs';

/** What Node's documentation says; `postject` turns the digit at its end into 1. */
const FUSE = 'NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2';
const WORK = 'build/executable';

/** Writes the executable for an architecture to a file. */
export async function buildExecutable(arch, output) {
  rmSync(WORK, { recursive: true, force: true });
  mkdirSync(WORK, { recursive: true });
  await bundleEntry();
  const config = {
    main: 'main.js',
    output: 'blob',
    disableExperimentalSEAWarning: true,
    useSnapshot: false,
    useCodeCache: false,
    assets: writeAssets(arch),
  };
  writeFileSync(join(WORK, 'config.json'), JSON.stringify(config));
  // The Node that goes out, or that version for this machine: the blob must fit it.
  const builder = join(nodeBinary(process.arch), 'node');
  execFileSync(builder, ['--experimental-sea-config', 'config.json'], { cwd: WORK, stdio: 'ignore' });

  rmSync(output, { force: true });
  writeFileSync(output, readFileSync(join(nodeBinary(arch), 'node.stripped')));
  const blob = readFileSync(join(WORK, 'blob'));
  await quietly(() => inject(output, 'NODE_SEA_BLOB', blob, { sentinelFuse: FUSE }));
  chmodSync(output, 0o755);
  rmSync(WORK, { recursive: true });
}

/** An embedded script may load built-in modules alone, so it is one file. */
async function bundleEntry() {
  await build({
    configFile: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: {
      ssr: 'src/cli/executable/main.ts',
      target: 'node20',
      outDir: WORK,
      emptyOutDir: false,
      copyPublicDir: false,
      minify: false,
      rolldownOptions: { output: { format: 'cjs', entryFileNames: 'main.js', codeSplitting: false } },
    },
  });
}

/** Writes the files of the package and their list for Node to pick up; names of assets and where they lie. */
function writeAssets(arch) {
  const files = packageFiles(arch);
  const hash = createHash('sha256');
  const assets = {};
  for (const [path, content] of files) {
    hash.update(`${path}\0${content.length}\0`).update(content);
    const place = join('assets', String(Object.keys(assets).length));
    mkdirSync(join(WORK, dirname(place)), { recursive: true });
    writeFileSync(join(WORK, place), content);
    assets[path] = place;
  }
  const name = `${VERSION}-${hash.digest('hex').slice(0, 16)}`;
  const list = JSON.stringify({ name, files: [...files.keys()], library: LIBRARY(arch) });
  writeFileSync(join(WORK, 'package-files.json'), list);
  return { ...assets, 'package-files.json': 'package-files.json' };
}

/** LIEF, which postject is made of, warns that the notes of Node have sections without names. */
async function quietly(work) {
  const write = process.stdout.write;
  const warn = process.stderr.write;
  process.stdout.write = process.stderr.write = () => true;
  try {
    await work();
  } finally {
    process.stdout.write = write;
    process.stderr.write = warn;
  }
}
