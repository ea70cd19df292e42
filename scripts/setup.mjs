// Makes a fresh clone ready: installs the locked packages when they are not there, and builds when a source is newer
// than the build. `npm start` and `npm test` run it first.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';

const LOCK = 'package-lock.json';
const INSTALLED = 'node_modules/.package-lock.json';
const BUILT = 'dist/cli/main.js';

if (!existsSync(INSTALLED) || changed(LOCK) > changed(INSTALLED)) {
  run('npm', ['ci', '--no-audit', '--no-fund']);
}
if (!existsSync(BUILT) || newest('src') > changed(BUILT) || changed(INSTALLED) > changed(BUILT)) {
  run(process.execPath, ['scripts/build.mjs']);
}

function changed(path) {
  return statSync(path).mtimeMs;
}

function newest(folder) {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  return Math.max(...files.map((entry) => changed(`${entry.parentPath ?? entry.path}/${entry.name}`)));
}

function run(command, args) {
  console.error(`thpscope set-up: ${command} ${args.join(' ')}`);
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  console.error(`thpscope set-up failed: ${error?.message ?? `${command} ended with ${status}`}`);
  process.exit(1);
}
