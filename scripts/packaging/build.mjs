// `npm run package -- FORM... [--arch arm64] [--quick] [-o FOLDER]`: what people install, into a folder, from
// what `npm run build` has made. Times in the files are those of the commit, so the same commit gives the
// same bytes. scripts/install-packaging-tools.sh brings the programs that this needs.
import '../require-node.cjs';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { buildDeb } from './deb.mjs';
import { buildExecutable } from './executable.mjs';
import { buildImage } from './image.mjs';
import { ARCHITECTURES } from './node-binary.mjs';
import { VERSION } from './package-files.mjs';
import { buildRpm } from './rpm.mjs';

const FORMS = {
  async executable(arch, folder) {
    const file = join(folder, `thpscope-${VERSION}-linux-${arch}`);
    await buildExecutable(arch, file);
    return file;
  },
  deb: buildDeb,
  rpm: buildRpm,
  image: buildImage,
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    arch: { type: 'string', default: process.arch },
    output: { type: 'string', short: 'o', default: 'build/packages' },
    quick: { type: 'boolean', default: false },
  },
});
const { arch, output, quick } = values;
const unknown = positionals.find((name) => !(name in FORMS));
if (positionals.length === 0 || unknown !== undefined)
  refuse(`say what to build: ${Object.keys(FORMS).join(', ')}`);
if (!ARCHITECTURES.includes(arch)) refuse(`--arch is one of ${ARCHITECTURES.join(', ')}`);
if (!existsSync('dist/cli/main.js')) refuse('npm run build comes before this');

const work = mkdtempSync(join(tmpdir(), 'thpscope-packaging-'));
process.umask(0o022);
mkdirSync(output, { recursive: true });
const epoch = Number(execFileSync('git', ['log', '-1', '--format=%ct'], { encoding: 'utf8' }));
try {
  for (const form of positionals) {
    const file = await FORMS[form](arch, output, { epoch, quick, work });
    console.log(`${file}  ${(statSync(file).size / 1e6).toFixed(1)} MB`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}

function refuse(message) {
  console.error(`package: ${message}`);
  process.exit(2);
}
