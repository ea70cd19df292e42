// `npm start`: the main job on this machine. One recording of all processes that may be read, predicted under
// three policies. Where memory cannot be read, the bundled recording of a real redis-server takes its place.
import './require-node.mjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const BUNDLED = 'examples/redis.parquet';
const POLICIES = [
  ['the settings in force', ['--policy', 'current']],
  ['the defaults of Linux 7.2: 2M pages, up to 511 empty pages filled', ['--policy', 'default']],
  ['all sizes, and no empty page filled', ['--orders', 'all', '--max-ptes-none', '0']],
];

const folder = mkdtempSync(join(tmpdir(), 'thpscope-'));
try {
  process.exitCode = main(join(folder, 'now.parquet'));
} finally {
  rmSync(folder, { recursive: true });
}

function main(recording) {
  const snapshot = record(recording) ? recording : BUNDLED;
  for (const [name, flags] of POLICIES) {
    console.log(`\n=== If khugepaged of Linux 7.2 ran on this memory under ${name}\n`);
    const status = thpscope('predict', snapshot, ...flags);
    if (status !== 0) return status;
  }
  console.log(`
Next, one process:           npx thpscope predict -p PID -v
a range of it, step by step: npx thpscope explain -p PID --address START-END --orders all`);
  return 0;
}

function record(recording) {
  if (!existsSync('/proc/self/pagemap')) {
    console.log(
      `This machine has no /proc/PID/pagemap; what follows is ${BUNDLED}, the recording of a real process.`,
    );
    return false;
  }
  if (thpscope('capture', '--all', '-o', recording) === 0) return true;
  console.log(
    `The processes here could not be recorded; what follows is ${BUNDLED}, the recording of a real process.`,
  );
  return false;
}

function thpscope(...args) {
  return spawnSync(process.execPath, ['dist/cli/main.js', ...args], { stdio: 'inherit' }).status ?? 1;
}
