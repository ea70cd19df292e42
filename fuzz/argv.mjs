import { EventEmitter } from 'node:events';
import { Readable, Writable } from 'node:stream';
import { runThpscope } from '../build/cli/run.js';
import { DEADLINES } from '../build/cli/shared/search/deadline.js';
import { below, pick } from '../build/core/base/random.js';
import { mutateText } from './mutate.mjs';

/** Command lines that write nothing, read nothing of this machine and come back soon. */
const LINES = [
  'predict --pattern 0-15 --orders all --max-ptes-none 0 --json',
  'predict --pattern 4-7,12-27 --swap 1 --zero 2 --shared 3 --orders 2-8 --kernel linux-7.2 --restart',
  'explain --pattern 0x5 --orders 64K,2M --algorithm stack --outcome 7-9=SCAN_ALLOC_HUGE_PAGE_FAIL -v',
  'explain --pattern 0-511 --format svg --pmd-order 9',
  'explain examples/redis.parquet --address 0x7f3a5c200000',
  'predict examples/redis.parquet --policy default --enabled always',
  'faults --vma 0-512 --history w0,r5 --orders all --json',
  'simulate --list',
  'advise examples/redis.parquet --max-growth 2% --json',
  'sweep examples/redis.parquet --orders all --csv',
  'metrics examples/services.digest.json --policy mthp --services 2 --json',
  'verify walk stack --pattern 0-3 --pmd-order 3 --orders all --max-ptes-none 0',
  'completion bash',
  '--help',
];
const WORDS = [...new Set(LINES.flatMap((line) => line.split(' ')))];
const FORBIDDEN =
  /^(capture|digest|report|serve|conform|simulate|sweep|advise|metrics)$|^-o|^--(output|new|calibrate|all|pid|cgroup|ranges|histories|workers)|^-p/;

/** Command lines: words are changed, moved, left out. */
export const argv = {
  covers: /build\/(cli|core\/(base|memory)|analysis\/)/,
  open: async () => ({ seeds: LINES.map((line) => line.split(' ')), mutate, run }),
};

function mutate(words, random, other) {
  const copy = [...words];
  const at = below(copy.length + 1, random);
  switch (below(5, random)) {
    case 0:
      copy.splice(at, 1);
      break;
    case 1:
      copy.splice(at, 0, pick(WORDS, random));
      break;
    case 2:
      copy.splice(at, 1, pick(other, random) ?? '');
      break;
    default:
      copy[at] = mutateText(copy[at] ?? '', random);
  }
  return copy;
}

async function run(words) {
  const isSeed = LINES.includes(words.join(' '));
  if (!isSeed && (words.some((word) => FORBIDDEN.test(word)) || words.join('').includes('\0'))) return;
  let [stdout, stderr] = ['', ''];
  const kept = (add) => new Writable({ write: (chunk, _, done) => (add(String(chunk)), done()) });
  const process = Object.assign(new EventEmitter(), {
    pid: 1,
    argv: ['node', 'thpscope', ...words],
    env: {},
    exitCode: undefined,
    stdin: Readable.from([]),
    stdout: kept((text) => (stdout += text)),
    stderr: kept((text) => (stderr += text)),
  });
  await runThpscope(words, { process, deadlines: DEADLINES, kernelRoot: '' });
  const code = process.exitCode ?? 0;
  if (![0, 1, 2, 3, 4, 5].includes(code)) return `exit code ${code}: ${stderr.slice(0, 200)}`;
  if (/(?![\n\t])\p{Cc}/u.test(stdout + stderr))
    return `control characters: ${JSON.stringify(stderr).slice(0, 200)}`;
  if (code > 1 && stderr === '') return `exit code ${code} without a word`;
  if (/\b(NaN|undefined)\b/.test(stdout)) return 'NaN or undefined in an answer';
}
