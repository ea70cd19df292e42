// Makes a fresh clone ready: installs the locked packages when they are not there, and builds when a source
// is newer than the build. `npm start` and `npm test` run it first.
import './require-node.cjs';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';

const LOCK = 'package-lock.json';
const INSTALLED = 'node_modules/.package-lock.json';
const BUILT = 'dist/web/thpscope.html';

if (!existsSync(INSTALLED) || changed(LOCK) > changed(INSTALLED)) {
  run('npm', ['ci', '--no-audit', '--no-fund']);
}
const SOURCES = [
  'src',
  'web',
  'examples',
  'scripts',
  'package.json',
  'tsconfig.json',
  'tsconfig.build.json',
  'tsconfig.types.json',
  INSTALLED,
];
if (!existsSync(BUILT) || Math.max(...SOURCES.map(newest)) > changed(BUILT)) {
  run(process.execPath, ['scripts/build.mjs']);
}

function changed(path) {
  return statSync(path).mtimeMs;
}

/** When a file changed, or anything in a folder: a folder itself changes when a file in it comes or goes. */
function newest(path) {
  if (!statSync(path).isDirectory()) return changed(path);
  const inside = readdirSync(path, { recursive: true }).map((name) => changed(`${path}/${name}`));
  return Math.max(changed(path), ...inside);
}

function run(command, args) {
  console.error(`thpscope set-up: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`thpscope set-up failed: ${error?.message ?? `${command} ended with ${status}`}`);
  process.exit(1);
}
