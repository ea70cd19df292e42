// A PostgreSQL in the guest for `thpscope conform --suite shared-programs`. `init` makes a cluster whose tables fill half of
// 256M of shared buffers. `serve mmap` and `serve sysv` start it with the kind of shared memory of that name, and
// three clients: one reads all tables, one reads a third of them, one takes some memory of its own. It prints `ready`
// and the pids of the server and of all that it forked. After SIGUSR1 all three do that again, after SIGTERM the
// server stops in good order; a line says that it is done.
import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

const BIN = '/usr/lib/postgresql/15/bin';
const HOME = '/postgres';
const DATA = `${HOME}/data`;
/** PostgreSQL does not run as root. */
const USER = 999;
const TABLES = 3;
/** One row a page of 8K: each table stays below a quarter of the buffers, beyond which a scan keeps to a few. */
const ROWS = 5_400;

const SETTINGS = {
  shared_buffers: '256MB',
  huge_pages: 'off',
  listen_addresses: '',
  unix_socket_directories: HOME,
  // Nothing is read or written in the background while it is looked at.
  autovacuum: 'off',
  fsync: 'off',
  bgwriter_lru_maxpages: 0,
  checkpoint_timeout: '1d',
  max_wal_size: '4GB',
  // A parallel worker would read in the place of a client.
  max_parallel_workers_per_gather: 0,
};

const env = { ...process.env, HOME, PGHOST: HOME, PGUSER: 'postgres', LC_ALL: 'C' };
const asUser = { uid: USER, gid: USER, env, cwd: HOME };

function run(program, ...words) {
  const { status, error, stderr } = spawnSync(`${BIN}/${program}`, words, { ...asUser, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${program}: ${error?.message ?? stderr}`);
}

/** Waits for a line that a program prints. */
function lineOf(stream, pattern) {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: stream });
    const seen = [];
    lines.on('line', (line) => {
      seen.push(line);
      if (!pattern.test(line)) return;
      resolve(line);
      lines.close();
      stream.resume();
    });
    lines.on('close', () => reject(new Error(seen.slice(-3).join(' '))));
  });
}

async function startServer(kind) {
  const words = ['-D', DATA, '-c', `shared_memory_type=${kind}`];
  const server = spawn(`${BIN}/postgres`, words, { ...asUser, stdio: ['ignore', 'ignore', 'pipe'] });
  await lineOf(server.stderr, /ready to accept connections/);
  return server;
}

/** The processes that a process forked. */
function childrenOf(pid) {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.filter(
    (each) => Number(/\) \S (\d+) /.exec(readFileSync(`/proc/${each}/stat`, 'latin1'))?.[1]) === pid,
  );
}

async function stopServer(server) {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  await ended;
}

class Client {
  #psql = spawn(`${BIN}/psql`, ['-XqAt', 'postgres'], { ...asUser, stdio: ['pipe', 'pipe', 'inherit'] });

  /** Runs statements; what the last one selects. */
  async ask(sql) {
    const answer = lineOf(this.#psql.stdout, /^answer /);
    this.#psql.stdin.write(`${sql}\n\\gset\n\\echo answer :it\n`);
    return (await answer).slice('answer '.length);
  }
}

const read = (first, end) =>
  Array.from(
    { length: end - first },
    (_, i) => `select sum(length(filler)) as it from rows${first + i}`,
  ).join(' union all ');
const readAll = (first, end) => `select sum(it) as it from (${read(first, end)}) as each`;
/** Memory of its own, large enough for a huge page: khugepaged then visits the process. */
const ALLOCATE = "select length(repeat('x', 8000000)) as it";

async function init() {
  mkdirSync(HOME);
  chownSync(HOME, USER, USER);
  mkdirSync('/dev/shm', { recursive: true });
  chmodSync('/dev/shm', 0o1777);
  chmodSync('/dev/null', 0o666);
  run(
    'initdb',
    '-D',
    DATA,
    '--username=postgres',
    '--auth=trust',
    '--locale=C',
    '--encoding=UTF8',
    '--no-sync',
  );
  const settings = Object.entries(SETTINGS).map(([name, value]) => `${name} = '${value}'\n`);
  writeFileSync(`${DATA}/postgresql.auto.conf`, settings.join(''));
  const server = await startServer('mmap');
  const client = new Client();
  for (let i = 0; i < TABLES; i++)
    await client.ask(
      `create unlogged table rows${i} (filler text);
       alter table rows${i} alter filler set storage plain;
       insert into rows${i} select repeat('x', 6000) from generate_series(1, ${ROWS});
       select count(*) as it from rows${i}`,
    );
  await stopServer(server);
}

async function serve(kind) {
  const server = await startServer(kind);
  const clients = [new Client(), new Client(), new Client()];
  const work = () =>
    Promise.all([
      clients[0].ask(readAll(0, TABLES)),
      clients[1].ask(readAll(0, 1)),
      clients[2].ask(ALLOCATE),
    ]);
  await work();
  process.on('SIGUSR1', async () => {
    await work();
    console.log('read');
  });
  process.on('SIGTERM', async () => {
    await stopServer(server);
    console.log('stopped');
    process.exit();
  });
  console.log(`ready ${[server.pid, ...childrenOf(server.pid)].join(' ')}`);
  setInterval(() => {}, 2 ** 30);
}

const [what, kind] = process.argv.slice(2);
if (what === 'init') {
  await init();
  console.log('done');
  process.exit();
} else await serve(kind);
