// `npm start`: the main job on this machine. One recording of all processes that may be read, predicted as
// the kernel that runs here decides and as the newest would. Where there is little memory, or none that may
// be read, the bundled recording of a real redis-server has more to tell.
import './require-node.cjs';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { release, tmpdir } from 'node:os';
import { join } from 'node:path';

const BUNDLED = 'examples/redis.parquet';
const ABOUT_BUNDLED = `${BUNDLED}: a redis-server that lost four keys of five, recorded on another machine with Linux 6.18`;
/** Less anonymous memory than this tells no story of its own. */
const LITTLE_BYTES = 64 * 2 ** 20;

const NEWEST = ['--kernel', 'linux-7.3'];
const ALL_SIZES = [
  'khugepaged of Linux 7.3, the newest, with all sizes enabled and no empty page filled',
  [...NEWEST, '--orders', 'all', '--max-ptes-none', '0'],
];
const DEFAULTS = [
  'khugepaged of Linux 7.3 under its defaults: 2M only, up to 511 empty pages of 512 filled',
  [...NEWEST, '--policy', 'default'],
];

const INTRODUCTION = `khugepaged is the kernel thread that turns small pages (4K) of running processes into huge ones
(2M, and from Linux 7.2 on also 16K to 1M). Those are faster to address, but where empty pages are
filled, the process grows. thpscope says what khugepaged would do, and changes nothing.`;

const folder = mkdtempSync(join(tmpdir(), 'thpscope-'));
try {
  process.exitCode = main(join(folder, 'now.parquet'));
} finally {
  rmSync(folder, { recursive: true });
}

function main(recording) {
  console.log(INTRODUCTION);
  const seen = record(recording) ? memoryOf(recording) : undefined;
  if (seen) {
    const [series] = /^\d+\.\d+/.exec(release()) ?? ['of an unknown version'];
    const here = [`khugepaged of Linux ${series}, which runs here, under the settings in force`, []];
    const status = predict('The processes of this machine', recording, [here, ALL_SIZES]);
    if (status !== 0) return status;
  }
  const isLittle = !seen || seen.bytes < LITTLE_BYTES;
  if (isLittle) {
    if (seen) console.log('\nThat is little memory; a recording has more to tell.');
    const status = predict(ABOUT_BUNDLED, BUNDLED, [DEFAULTS, ALL_SIZES]);
    if (status !== 0) return status;
  }
  const source = isLittle ? BUNDLED : `-p ${seen.largest}`;
  const whole = `${isLittle ? 'this recording' : 'the largest process'}, VMA by VMA:`;
  console.log(`
=== What to type next

${whole.padEnd(35)}npx thpscope predict ${source} -v
which settings fit a budget:       npx thpscope advise ${source} --max-growth 2% ${NEWEST.join(' ')}
one range of it, step by step:     npx thpscope explain ${source} --address START-END ${[...NEWEST].join(' ')} --orders all
all of it as a map, in a browser:  npx thpscope serve ${source}`);
  return 0;
}

/** Predicts a recording under each question; returns the first exit code that is not 0. */
function predict(title, recording, questions) {
  for (const [name, flags] of questions) {
    console.log(`\n=== ${title}\n=== as decided by ${name}\n`);
    const { status } = thpscope(['predict', recording, ...flags], 'inherit');
    if (status !== 0) return status ?? 1;
  }
  return 0;
}

/** Records all processes that may be read; predict says itself which may not. */
function record(recording) {
  if (!existsSync('/proc/self/pagemap')) {
    console.log('This machine has no /proc/PID/pagemap, so its processes cannot be shown.');
    return false;
  }
  const { status, stderr } = thpscope(['capture', '--all', '-o', recording], 'pipe');
  if (status === 0) return true;
  console.log(`The processes of this machine cannot be shown:\n${stderr}`);
  return false;
}

/** How much anonymous memory a recording holds, and the process with most of it; undefined if it has none. */
function memoryOf(recording) {
  const { status, stdout } = thpscope(['advise', recording, ...NEWEST, '--json'], 'pipe');
  if (status !== 0) return undefined;
  const { geometry, memory, processes } = JSON.parse(stdout);
  const [largest] = processes.sort((a, b) => b.residentPages - a.residentPages);
  return { bytes: memory.residentPages * 2 ** geometry.pageShift, largest: largest?.pid };
}

function thpscope(args, output) {
  return spawnSync(process.execPath, ['dist/cli/main.js', ...args], {
    stdio: ['ignore', output, output],
    encoding: 'utf8',
    maxBuffer: 2 ** 30,
  });
}
