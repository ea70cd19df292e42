import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { randomFrom } from '../../src/core/base/random.ts';
import { listDataset } from '../../src/fleet/dataset.ts';
import { openDuckDb } from '../../src/fleet/engines/duckdb.ts';
import { FLEET_TABLES, sqlName } from '../../src/fleet/tables.ts';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { madeReading, storeReadings } from '../support/made-reading.ts';
import { valueOf } from '../support/ranges.ts';
import { seed } from '../support/seed.ts';

// THPSCOPE_KILLS=200 tries more; timing only says where the process dies, never whether the test passes.
const KILLS = Number(process.env.THPSCOPE_KILLS ?? 12);
const DAYS = 3;

const folder = mkdtempSync(join(tmpdir(), 'thpscope-killed-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Everything that counts: rows of each table, and the ranges of all readings. */
async function counted(dataset: string): Promise<string> {
  const { files } = valueOf(await listDataset(dataset));
  const engine = valueOf(await openDuckDb(files));
  const rows = [];
  for (const { name } of FLEET_TABLES) {
    const [row] = valueOf(await engine.query(`SELECT COUNT(*) AS found FROM ${sqlName(name)}`));
    rows.push(`${name} ${row.found}`);
  }
  const [ranges] = valueOf(await engine.query(`SELECT SUM(ranges) AS ranges FROM ${sqlName('rows')}`));
  await engine.close();
  return [...rows, `ranges ${ranges.ranges}`].join(', ');
}

/** Runs the built command and kills it after some milliseconds, if it still runs. */
async function runFor(milliseconds: number, ...words: string[]): Promise<void> {
  const child = spawn(PROGRAM, [...SCRIPT, ...words], { stdio: 'ignore' });
  const ended = once(child, 'close');
  await Promise.race([ended, sleep(milliseconds)]);
  child.kill('SIGKILL');
  await ended;
}

test(
  'a roller that is killed anywhere loses nothing and counts nothing twice',
  async () => {
    const dataset = join(folder, 'rolled');
    const random = randomFrom(seed);
    let readings = 0;
    const arrive = (count: number) => {
      const made = Array.from({ length: count }, () => {
        const day = 20 + (readings % DAYS);
        const time = `2026-11-${day}T10:00:${String(readings++ % 60).padStart(2, '0')}.000Z`;
        return madeReading({ host: `host${readings}`, time, ranges: readings });
      });
      storeReadings(dataset, made);
    };
    arrive(30);
    for (let kill = 0; kill < KILLS; kill++) {
      if (random() < 0.3) arrive(3);
      const before = await counted(dataset);
      await runFor(300 + 1500 * random(), 'fleet', 'roll', dataset, '--before', '2026-12-31');
      expect(await counted(dataset)).toBe(before);
    }
    const before = await counted(dataset);
    await runFor(60_000, 'fleet', 'roll', dataset, '--before', '2026-12-31');
    expect(await counted(dataset)).toBe(before);
    expect(valueOf(await listDataset(dataset)).files.hosts).toHaveLength(DAYS);
  },
  KILLS * 20_000,
);

test(
  'a collector that is killed anywhere leaves readings that are whole, each once',
  async () => {
    const dataset = join(folder, 'collected');
    mkdirSync(dataset);
    const random = randomFrom(seed + 1);
    const own = ['--spool', join(folder, 'spool'), '-p', String(process.pid), '--host', 'killed'];
    for (let kill = 0; kill < KILLS; kill++)
      await runFor(250 + 900 * random(), 'collect', '-o', dataset, ...own);
    await runFor(60_000, 'collect', '-o', dataset, ...own);
    const listed = valueOf(await listDataset(dataset));
    expect(listed.notRead).toEqual([]);
    const engine = valueOf(await openDuckDb(listed.files));
    const twice = await engine.query(
      `SELECT read_at_ms FROM ${sqlName('hosts')} GROUP BY read_at_ms HAVING COUNT(*) > 1`,
    );
    const lacking = await engine.query(
      `SELECT SUM(processes_rows) AS said FROM ${sqlName('hosts')} HAVING SUM(processes_rows) <> (SELECT COUNT(*) FROM ${sqlName('processes')})`,
    );
    await engine.close();
    expect([valueOf(twice), valueOf(lacking)]).toEqual([[], []]);
  },
  KILLS * 20_000,
);
