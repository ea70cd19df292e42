// CPU time and memory of whole commands as snapshots of four kinds of memory grow: `npm run bench -- growth`.
// THPSCOPE_SIZES lists sizes in GiB; THPSCOPE_KINDS and THPSCOPE_COMMANDS name the kinds and commands to try.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FIRST_ADDRESS, RECORDED_KINDS, record } from './recorded.mjs';

const RANGES_PER_GIB = 512;
/** CPU seconds after which a command is ended. */
const LIMIT_SECONDS = 100;
/** Simulations take no more memory than this. */
const SIMULATED_GIB = 64;
const POLICY = ['--orders', 'all', '--max-ptes-none', '0'];

/** The words of each command about a snapshot of so many GiB. */
const COMMANDS = {
  predict: (path) => ['predict', path, ...POLICY],
  'predict --json': (path) => ['predict', path, '--json', ...POLICY],
  'predict --json --totals': (path) => ['predict', path, '--json', '--totals', ...POLICY],
  explain: (path, gib) => ['explain', path, '--address', lastAddress(gib), ...POLICY],
  digest: (path, _, output) => ['digest', path, '-o', output],
  sweep: (path) => ['sweep', path],
  advise: (path) => ['advise', path],
  metrics: (path) => ['metrics', path],
  report: (path, _, output) => ['report', path, '-o', output, ...POLICY],
  compare: (path) => ['compare', 'walk', 'stack', path, ...POLICY],
  simulate: (path, gib) => (gib > SIMULATED_GIB ? undefined : ['simulate', path, ...POLICY]),
};

const lastAddress = (gib) => `0x${(FIRST_ADDRESS + (gib * RANGES_PER_GIB - 1) * 2 ** 21).toString(16)}`;

const listed = (name, all) => process.env[name]?.split(',') ?? all;

export async function measureGrowth() {
  const sizes = listed('THPSCOPE_SIZES', ['1', '64', '1024']).map(Number);
  const kinds = listed('THPSCOPE_KINDS', RECORDED_KINDS);
  const commands = listed('THPSCOPE_COMMANDS', Object.keys(COMMANDS));
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  const rusage = join(folder, 'rusage');
  execFileSync('cc', ['-O2', '-o', rusage, 'bench/reference/rusage.c']);
  const rows = new Map();
  console.log(`| command | memory | ${sizes.map((gib) => `${gib} GiB`).join(' | ')} | exp | : plain |`);
  console.log(`|---|---|${sizes.map(() => '---|').join('')}---|---|`);
  try {
    for (const kind of kinds) {
      const taken = new Map(commands.map((name) => [name, []]));
      for (const gib of sizes) {
        const path = join(folder, 'memory.parquet');
        await record(path, kind, gib * RANGES_PER_GIB);
        for (const name of commands) {
          const words = COMMANDS[name](path, gib, join(folder, 'output'));
          // What took too long takes longer on more memory.
          const isHopeless = taken.get(name).at(-1)?.isEnded;
          if (words && !isHopeless) taken.get(name).push({ gib, ...(await run(rusage, words)) });
        }
      }
      for (const [name, measured] of taken) {
        const plain = rows.get(`${name}, plain`)?.at(-1);
        rows.set(`${name}, ${kind}`, measured);
        const cells = sizes.map((gib) => cell(measured.find((each) => each.gib === gib)));
        const last = measured.at(-1);
        const ratio = plain && plain.gib === last.gib ? (last.seconds / plain.seconds).toFixed(1) : '';
        console.log(`| ${name} | ${kind} | ${cells.join(' | ')} | ${exponent(measured)} | ${ratio} |`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  console.log();
  printLargest(Math.max(...sizes), kinds, commands, rows);
  const found = [...rows].filter(([, measured]) => measured.length > 0);
  return found.map(([name, measured]) => row(name, measured));
}

/** What each command takes of the largest size, kind by kind, with the ratio to plain memory. */
function printLargest(gib, kinds, commands, rows) {
  const taken = (name, kind) => rows.get(`${name}, ${kind}`)?.find((each) => each.gib === gib);
  console.log(`| ${gib >= 1024 ? `${gib / 1024} TiB` : `${gib} GiB`} | ${kinds.join(' | ')} |`);
  console.log(`|---|${kinds.map(() => '---|').join('')}`);
  for (const name of commands) {
    const plain = taken(name, 'plain');
    const cells = kinds.map((kind) => {
      const of = taken(name, kind);
      if (!of) return '-';
      const ratio = plain && kind !== 'plain' ? ` (${(of.seconds / plain.seconds).toFixed(1)}x)` : '';
      return `${of.isEnded ? '>' : ''}${of.seconds.toFixed(of.seconds < 10 ? 2 : 1)} s, ${Math.round(of.peak / 1024)} MB${ratio}`;
    });
    console.log(`| ${name} | ${cells.join(' | ')} |`);
  }
  console.log();
}

function cell(taken) {
  if (!taken) return '-';
  const { seconds, peak, bytes, isEnded } = taken;
  const output = bytes > 1e5 ? ` ${(bytes / 1e6).toFixed(1)}M` : '';
  return `${isEnded ? '>' : ''}${seconds.toFixed(seconds < 10 ? 2 : 1)} s ${Math.round(peak / 1024)} MB${output}`;
}

/** Of CPU time between the two largest sizes, less what the smallest takes; '-' where most is start. */
function exponent(measured) {
  if (measured.length < 3) return '';
  const [a, b] = measured.slice(-2).map(({ seconds }) => seconds - measured[0].seconds);
  if (b < 0.3 || a < 0.02) return '-';
  return (Math.log(b / a) / Math.log(measured.at(-1).gib / measured.at(-2).gib)).toFixed(2);
}

function row(name, measured) {
  const [first, last] = [measured[0], measured.at(-1)];
  return {
    name: `${name}: ${last.gib} GiB : ${first.gib}`,
    unit: 's',
    time: last.seconds,
    base: first.seconds,
    ratio: last.seconds / first.seconds,
    note: `${Math.round(last.peak / 1024)} MB`,
    measured,
  };
}

/** CPU seconds, KiB of memory at most, and bytes printed: until it ended, or had to be ended. */
async function run(rusage, words) {
  const command = [process.execPath, 'dist/cli/main.js', ...words];
  const child = spawn(rusage, [String(LIMIT_SECONDS), ...command], { stdio: ['ignore', 'pipe', 'pipe'] });
  let bytes = 0;
  let said = '';
  child.stdout.on('data', (chunk) => (bytes += chunk.length));
  child.stderr.on('data', (chunk) => (said = (said + chunk).slice(-10_000)));
  await once(child, 'close');
  const [peak, microseconds, status, signal] =
    /rusage (\d+) (\d+) (\d+) (\d+)\n$/.exec(said)?.slice(1).map(Number) ?? [];
  const isEnded = signal > 0;
  if (status !== 0) throw new Error(`thpscope ${words.join(' ')}: ${said}`);
  return { seconds: microseconds / 1e6, peak, bytes, isEnded };
}
