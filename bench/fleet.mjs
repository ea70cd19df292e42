// What questions about 10,000 hosts take, from files of one day rolled into one each: `npm run bench --
// fleet`. With THPSCOPE_DAYS=100 a run over 1,000,000 readings follows, which takes some minutes and
// gigabytes.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { FLEET_TABLES } from '../build/fleet/tables.js';

const THPSCOPE = resolve('dist/cli/main.js');
const HOSTS = 10_000;
/** Hosts that are made from recordings; the others are copies of them under other names. */
const MADE = 100;
const DAY_MS = 86_400_000;

const QUESTIONS = [
  ['sweep', ['sweep']],
  ['advise', ['advise', '--max-growth', '2%']],
  ['advise --by service', ['advise', '--max-growth', '2%', '--by', 'service']],
  ['top --by host', ['top', '--by', 'host', '--orders', '2M']],
];

export async function measureFleet() {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-fleet-'));
  try {
    const made = join(folder, 'made');
    run([
      'fleet',
      'generate',
      'examples/services.digest.json',
      '-o',
      made,
      '--hosts',
      String(MADE),
      '--seed',
      '1',
    ]);
    run(['fleet', 'roll', made, '--before', '9999-12-31']);
    const dataset = join(folder, 'fleet');
    await copyHosts(made, dataset, HOSTS / MADE, 1);
    const rows = QUESTIONS.map(([name, words]) => {
      const few = measured(['fleet', ...words, made]);
      return row(`fleet ${name}: ${HOSTS} hosts : ${MADE}`, measured(['fleet', ...words, dataset]), few);
    });
    const days = Number(process.env.THPSCOPE_DAYS ?? 0);
    if (days > 0) {
      const history = join(folder, 'history');
      await copyHosts(made, history, HOSTS / MADE, days);
      const whole = measured(['fleet', 'history', history, '--since', `${days}d`]);
      const one = measured(['fleet', 'history', dataset]);
      rows.push(row(`fleet history: ${HOSTS * days} readings : ${HOSTS}`, whole, one));
    }
    const bytes = `${(bytesOf(dataset) / HOSTS / 1024).toFixed(2)} KB a host on the disk`;
    return rows.map((each, at) => (at === 0 ? { ...each, note: `${each.note}; ${bytes}` } : each));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function run(words) {
  const result = spawnSync(process.execPath, [THPSCOPE, ...words], { encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (result.status !== 0) throw new Error(result.stderr);
}

const row = (name, one, base) => ({
  name,
  unit: 's',
  time: one.seconds,
  base: base.seconds,
  ratio: one.seconds / base.seconds,
  aimed: 'under 5 s and 1 GiB',
  note: `CPU ${one.cpu.toFixed(1)} s, ${one.mebibytes.toFixed(0)} MiB`,
});

/** Wall and CPU time of a question, and the most memory that it took. */
function measured(words) {
  const start = performance.now();
  const said = join('bench', 'peak-memory.mjs');
  const { status, stderr } = spawnSync(process.execPath, ['--import', resolve(said), THPSCOPE, ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  const [, kibibytes, microseconds] = /peak (\d+) cpu (\d+)/.exec(stderr) ?? [];
  if (status !== 0 || !kibibytes) throw new Error(`thpscope ${words.join(' ')}: ${stderr}`);
  return {
    seconds: (performance.now() - start) / 1000,
    cpu: microseconds / 1e6,
    mebibytes: kibibytes / 1024,
  };
}

/** Copies the hosts of a rolled dataset under other names, and the day that this makes to earlier ones. */
async function copyHosts(from, to, times, days) {
  const instance = await DuckDBInstance.create(':memory:', { memory_limit: '4GB' });
  const connection = await instance.connect();
  let first;
  for (let day = 0; day < days; day++) {
    const source = first ?? { folder: from, date: dayOf(from) };
    const date = new Date(Date.parse(source.date) - day * DAY_MS).toISOString().slice(0, 10);
    const tables = [];
    for (const { name, columns } of FLEET_TABLES) {
      const files = filesOf(join(source.folder, name)).filter((path) => path.includes(source.date));
      if (files.length === 0) continue;
      const target = join(to, name, `date=${date}`);
      mkdirSync(target, { recursive: true });
      const list = files.map((each) => `'${each}'`).join(', ');
      const rows = `read_parquet([${list}], hive_partitioning = false)`;
      // The first day is sorted, as roll sorts it; the others are copies of it.
      const order = SORTED_BY.filter((each) => columns.some((column) => column.name === each)).join(', ');
      const copied = first
        ? `SELECT * REPLACE ('${date}' AS date, read_at_ms - ${day * DAY_MS} AS read_at_ms) FROM ${rows}`
        : `SELECT * EXCLUDE (copy) REPLACE (host || '-' || copy AS host) FROM (SELECT t.*, r.range AS copy FROM ${rows} AS t, range(${times}) AS r) ORDER BY ${order}`;
      await connection.run(
        `COPY (${copied}) TO '${join(target, `${ROLL}.parquet`)}' (FORMAT parquet, COMPRESSION zstd)`,
      );
      tables.push(name);
    }
    const records = join(to, 'rolls', `date=${date}`);
    mkdirSync(records, { recursive: true });
    const record = { version: 1, readings: [`made-${day}`], replaces: [], tables };
    writeFileSync(join(records, `${ROLL.slice('roll-'.length)}.json`), JSON.stringify(record));
    first ??= { folder: to, date };
  }
  connection.closeSync();
  instance.closeSync();
}

const ROLL = `roll-${'f'.repeat(16)}`;
const SORTED_BY = ['class', 'service', 'command', 'c', 'k', 'block', 'state', 'host'];

/** The day of a dataset that has one. */
function dayOf(folder) {
  return filesOf(join(folder, 'hosts'))[0].match(/date=([\d-]+)/)[1];
}

function filesOf(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, name))
    .filter((path) => path.endsWith('.parquet'));
}

function bytesOf(folder) {
  return filesOf(folder).reduce((sum, path) => sum + statSync(path).size, 0);
}
