// Makes examples/programs/*.parquet: real programs in the middle of their work, for the tests and docs
// of advise. Needs root, so that folio orders are in the recordings, and of the programs those that are to be
// recorded: node, java, gcc, python3, PostgreSQL (initdb and postgres). Names of this machine are left out;
// the rest is as captured.
//
//   node scripts/record-programs.mjs [NAME...]
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RUNNING_KERNEL } from '../build/linux/kernel/kernel-tree.js';
import { openLiveSource } from '../build/linux/live-source.js';
import { writeSnapshot } from '../build/snapshot/writer.js';

const FOLDER = 'examples/programs';
const work = mkdtempSync(join(tmpdir(), 'thpscope-record-'));

/** Each starts a program and returns its processes once they are worth recording. */
const PROGRAMS = {
  /** A cache of a million strings in a map, of which nine in ten were deleted again. */
  async node() {
    const code = `const cache = new Map();
      for (let i = 0; i < 600000; i++) cache.set(i, 'value ' + i + 'x'.repeat(i % 90));
      for (let i = 0; i < 600000; i++) if (i % 10) cache.delete(i);
      console.log('ready'); setInterval(() => cache.size, 1e6);`;
    return [await started('node', ['--max-semi-space-size=16', '-e', code])];
  },

  /** Objects of many ages in a heap of at most 128M, by the serial collector. */
  async java() {
    const source = join(work, 'Ages.java');
    writeFileSync(
      source,
      `import java.util.*;
      public class Ages {
        public static void main(String[] a) throws Exception {
          Random random = new Random(1);
          List<byte[]> kept = new ArrayList<>();
          for (int i = 0; i < 400000; i++) {
            byte[] b = new byte[200 + random.nextInt(2000)];
            if (i % 12 == 0) kept.add(b);
            if (kept.size() > 20000) kept.remove(random.nextInt(kept.size()));
          }
          System.out.println("ready");
          Thread.sleep(10000000);
        }
      }`,
    );
    return [await started('java', ['-XX:+UseSerialGC', '-Xmx128m', source])];
  },

  /** cc1 in the middle of a C file of 40,000 functions. */
  async gcc() {
    const source = join(work, 'big.c');
    const functions = Array.from(
      { length: 40_000 },
      (_, i) =>
        `int f${i}(int a, int b) { int s = ${i}; for (int i = a; i < b; i++) s += i * ${i % 97} ^ s; return s; }`,
    );
    writeFileSync(source, functions.join('\n'));
    const gcc = spawn('gcc', ['-O2', '-c', '-o', join(work, 'big.o'), source], { stdio: 'ignore' });
    for (;;) {
      await sleep(20);
      const [compiler] = childrenOf(gcc.pid);
      if (compiler && residentMiB(compiler) > 90) return [compiler, gcc.pid];
    }
  },

  /** Lists and dictionaries, two of three dropped. */
  async python() {
    const code = [
      'import random, sys, time',
      'random.seed(1)',
      'rows = [{"id": i, "name": "row %d" % i, "tags": [i] * random.randrange(8)} for i in range(160000)]',
      'rows = [row for row in rows if random.random() < 0.34]',
      'print("ready", flush=True)',
      'time.sleep(10000)',
    ].join('\n');
    return [await started('python3', ['-c', code])];
  },

  /** A server with one session that holds an array of 400,000 rows. */
  async postgresql() {
    const id = (flag) => Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout);
    const user = { uid: id('-u'), gid: id('-g') };
    const data = join(work, 'data');
    mkdirSync(data);
    for (const path of [work, data]) chownSync(path, user.uid, user.gid);
    const bin = spawnSync(
      'sh',
      [
        '-c',
        'dirname "$(readlink -f "$(command -v postgres || ls /usr/lib/postgresql/*/bin/postgres | tail -n 1)")"',
      ],
      {
        encoding: 'utf8',
      },
    ).stdout.trim();
    const options = { ...user, cwd: work, stdio: 'ignore' };
    spawnSync(join(bin, 'initdb'), ['-D', data, '--auth=trust', '-U', 'postgres'], options);
    const server = spawn(
      join(bin, 'postgres'),
      ['-D', data, '-k', work, '-p', '15432', '-c', 'listen_addresses='],
      options,
    );
    const psql = (...args) => [
      '-h',
      work,
      '-p',
      '15432',
      '-U',
      'postgres',
      '-d',
      'postgres',
      '-qAt',
      ...args,
    ];
    while (spawnSync('psql', psql('-c', 'select 1')).status !== 0) await sleep(100);
    const statement = `do $$ declare rows text[]; begin
      select array_agg('row ' || i || repeat('x', i % 60)) into rows from generate_series(1, 400000) i;
      perform pg_sleep(10000); end $$`;
    const session = spawn('psql', psql('-c', statement), { stdio: 'ignore' });
    await sleep(4000);
    return [server.pid, ...childrenOf(server.pid), session.pid];
  },
};

async function started(command, args) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  await sleep(500);
  return child.pid;
}

function childrenOf(pid) {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8')
          .replace(/.*\) . /, '')
          .startsWith(`${pid} `);
      } catch {
        return false;
      }
    })
    .map(Number);
}

function residentMiB(pid) {
  return Number(readFileSync(`/proc/${pid}/statm`, 'utf8').split(' ')[1]) / 256;
}

/** File mappings without anonymous memory would only fill the file. */
async function* anonymousOnly(items) {
  let vma;
  for await (const item of items) {
    if (item.kind === 'vma') {
      vma = item;
      continue;
    }
    if (item.kind === 'ranges' && vma) {
      yield vma;
      vma = undefined;
    }
    yield item.kind === 'process' ? { kind: 'process', process: { ...item.process, cgroup: '' } } : item;
  }
}

mkdirSync(FOLDER, { recursive: true });
const names = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(PROGRAMS);
for (const name of names) {
  const pids = await PROGRAMS[name]();
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const source = await openLiveSource(RUNNING_KERNEL, pids, new Date());
  if (!source.ok) throw new Error(source.failure.message);
  const { host } = source.value;
  const written = await writeSnapshot(join(FOLDER, `${name}.parquet`), {
    host: { ...host, name: 'example', bootId: '', kernelRelease: host.kernelRelease.replace(/-.*/, '') },
    items: () => anonymousOnly(source.value.items()),
  });
  if (!written.ok) throw new Error(written.failure.message);
  console.log(`${name}: ${written.value.ranges} PMD ranges, ${written.value.bytes} bytes`);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
}
await sleep(500);
rmSync(work, { recursive: true, force: true });
