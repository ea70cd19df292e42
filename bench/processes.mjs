// CPU time of looking at many processes at once against that of reading smaps of all of them once. How many
// GiB they hold: THPSCOPE_BENCH_GIB, by default 4, as 16 GiB are too much where others work too.
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const GIB = Number(process.env.THPSCOPE_BENCH_GIB ?? 4);
const COUNT = 100;
/** Areas of anonymous memory in each, beside those of the program. */
const VMAS = 50;
const ROUNDS = 5;

export async function measureProcesses() {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-bench-'));
  const binary = join(folder, 'processes');
  const built = spawnSync('cc', ['-O2', '-o', binary, 'bench/reference/processes.c'], { encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const child = spawn(binary, [COUNT, Math.floor((GIB * 2 ** 30) / COUNT), VMAS].map(String));
  try {
    await once(child.stdout, 'data');
    const snapshot = join(folder, 'a.parquet');
    const thpscope = (words) => `${process.execPath} dist/cli/main.js ${words}`;
    const commands = {
      smaps: 'cat /proc/[0-9]*/smaps',
      node: `${process.execPath} -e 0`,
      one: thpscope(`capture -p ${child.pid} -o ${snapshot}`),
      predict: thpscope('predict --all'),
      capture: thpscope(`capture --all -o ${snapshot}`),
      digest: thpscope(`digest --all -o ${snapshot}`),
    };
    const taken = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
    for (let round = 0; round < ROUNDS; round++)
      for (const [name, command] of Object.entries(commands)) taken[name].push(cpuMilliseconds(command));
    const medianOf = (name) => taken[name].sort((a, b) => a - b)[Math.floor(ROUNDS / 2)];
    const base = medianOf('smaps');
    const row = (name, what) => ({
      name: `CPU of ${what} : of smaps of all`,
      unit: 'ms',
      time: medianOf(name),
      base,
      ratio: medianOf(name) / base,
    });
    return [
      { ...row('capture', `capture --all, ${COUNT} processes, ${GIB} GiB`), aim: 1.5 },
      row('digest', '  digest --all'),
      row('predict', '  predict --all'),
      row('node', '  node -e 0'),
      row('one', '  capture -p of one small process'),
      {
        ...row('one', '  floor: that and smaps of all'),
        time: medianOf('one') + base,
        ratio: medianOf('one') / base + 1,
      },
    ];
  } finally {
    child.kill();
    rmSync(folder, { recursive: true });
  }
}

/** CPU time of a command and of what it starts, user and system. */
function cpuMilliseconds(command) {
  const script = `TIMEFORMAT='%U %S'; { time ${command} > /dev/null 2>&1; } 2>&1; true`;
  const { stdout } = spawnSync('bash', ['-c', script], { encoding: 'utf8' });
  const [user, system] = stdout.trim().split(' ').map(Number);
  return (user + system) * 1000;
}
