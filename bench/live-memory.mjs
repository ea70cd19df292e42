// Processes with memory of a known kind (bench/reference/memory.c), and what looking at them in C takes.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
process.on('exit', () => rmSync(folder, { recursive: true }));
const built = new Map();

function program(name) {
  const path = join(folder, name);
  if (!built.has(name))
    execFileSync('cc', ['-O2', '-pthread', '-o', path, `bench/reference/${name}.c`], { stdio: 'inherit' });
  built.set(name, path);
  return path;
}

/** A process that holds memory until it is stopped; `ask` gives what it answers a line with. */
export async function holdMemory(kind, mib) {
  const child = spawn(program('memory'), [kind, String(mib)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [first] = await once(lines, 'line');
  const [pid, start, end] = first.split(' ');
  return {
    pid: Number(pid),
    start,
    end,
    async ask() {
      const answer = once(lines, 'line');
      child.stdin.write('\n');
      return (await answer)[0].split(' ').map(Number);
    },
    stop() {
      child.stdin.end();
      child.kill();
    },
  };
}

/** Milliseconds of CPU that a bare PAGEMAP_SCAN and a bare pread of pagemap take in C; medians. */
export function timeBareReads({ pid, start, end }, rounds) {
  const args = [String(pid), start, end, String(rounds)];
  const [scan, pagemap] = execFileSync(program('scan'), args, { encoding: 'utf8' }).split('\n').map(Number);
  return { scan, pagemap };
}

/** Milliseconds of CPU, user and system, that a command takes. */
export function cpuOfCommand(command, ...args) {
  const script = 'TIMEFORMAT="%3U %3S"; time "$@" >/dev/null 2>&1 || exit 9';
  const { status, stderr } = spawnSync('bash', ['-c', script, 'bash', command, ...args], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`);
  const [user, system] = stderr.trim().split(' ').map(Number);
  return 1000 * (user + system);
}

/** Milliseconds of CPU that this process spends in an action. */
export function cpuOf(action) {
  const before = process.cpuUsage();
  action();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** Medians of figures that measures give, taken in turns. */
export function mediansOf(rounds, measures) {
  const figures = measures.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (const [i, measure] of measures.entries()) figures[i].push(measure());
  return figures.map((each) => each.sort((a, b) => a - b)[Math.floor(rounds / 2)]);
}
