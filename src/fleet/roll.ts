import { createHash } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import { type Dataset, type DatasetDay, listDataset } from './dataset.ts';
import { copyFiles } from './engines/duckdb.ts';
import { ROLLS, type RollRecord, rollName } from './rolls.ts';
import { folderStore } from './stores/folder-store.ts';
import { FLEET_TABLES, type FleetTable } from './tables.ts';

/** What rolling came to. */
export interface Rolled {
  /** Days of which something was rolled, and their readings. */
  readonly days: number;
  readonly readings: number;
  /** Files that went, what earlier rolls left included. */
  readonly removed: number;
}

/**
 * Puts the files of each day into one a table, sorted, and then removes them: before a day, `2026-11-27`. It
 * may be killed at any point: a roll counts from its record on, which comes when its files are there, and
 * what it replaces counts until then. Rolling again goes on where it ended. Readings that arrive later are
 * rolled the next time. One roller a dataset: a second one is refused.
 */
export async function rollDataset(folder: string, before: string): Promise<Result<Rolled>> {
  const lock = await lockDataset(folder);
  if (!lock.ok) return lock;
  try {
    const listed = await listDataset(folder);
    if (!listed.ok) return listed;
    return await rollDays(folder, listed.value, before);
  } finally {
    await lock.value.release();
  }
}

async function rollDays(folder: string, { days }: Dataset, before: string): Promise<Result<Rolled>> {
  let sum: Rolled = { days: 0, readings: 0, removed: 0 };
  for (const [date, day] of days) {
    if (date >= before) continue;
    const rolled = await rollDay(folder, date, day);
    if (!rolled.ok) return rolled;
    const removed = await removeLeftOver(folder, date);
    if (!removed.ok) return removed;
    sum = {
      days: sum.days + (rolled.value > 0 ? 1 : 0),
      readings: sum.readings + rolled.value,
      removed: sum.removed + removed.value,
    };
  }
  return succeed(sum);
}

/** Answers how many readings were rolled: none where there is one roll already, and nothing new. */
async function rollDay(folder: string, date: string, day: DatasetDay): Promise<Result<number>> {
  const { readings, rolls, rolledReadings, files, leftOver } = day;
  if (readings.length === 0 && rolls.length < 2) return succeed(0);
  const all = [...readings, ...rolledReadings].sort();
  const id = createHash('sha256').update(all.join('\n')).digest('hex').slice(0, 16);
  const tables: FleetTable[] = FLEET_TABLES.filter(({ name }) => files[name].length > 0);
  for (const table of tables) {
    const path = join(folder, table.name, `date=${date}`);
    await fs.mkdir(path, { recursive: true });
    const growing = join(path, `.${rollName(id)}.partial`);
    const copied = await copyFiles(table, files[table.name], growing);
    if (!copied.ok) return copied;
    await syncFile(growing);
    await fs.rename(growing, join(path, `${rollName(id)}.parquet`));
  }
  // Those that were replaced before, too: their records may outlive the one that says so.
  const replaces = [...new Set([...rolls, ...leftOver.rolls])].filter((each) => each !== id);
  const record: RollRecord = { version: 1, readings: all, replaces, tables: tables.map(({ name }) => name) };
  const bytes = new TextEncoder().encode(`${JSON.stringify(record)}\n`);
  const stored = await folderStore(folder).put(`${ROLLS}/date=${date}/${id}.json`, bytes);
  return stored.ok ? succeed(readings.length) : stored;
}

/** Removes what counts no more: files first, records of replaced rolls last. */
async function removeLeftOver(folder: string, date: string): Promise<Result<number>> {
  const listed = await listDataset(folder);
  if (!listed.ok) return listed;
  const { leftOver } = listed.value.days.get(date) ?? { leftOver: { readings: [], rolls: [] } };
  let removed = 0;
  for (const name of [...leftOver.readings, ...leftOver.rolls.map(rollName)])
    for (const { name: table } of FLEET_TABLES) {
      const path = join(folder, table, `date=${date}`, `${name}.parquet`);
      if (await removeFile(path)) removed++;
    }
  for (const id of leftOver.rolls) await removeFile(join(folder, ROLLS, `date=${date}`, `${id}.json`));
  return succeed(removed);
}

/** Has the disk know what is in a file. */
async function syncFile(path: string): Promise<void> {
  const handle = await fs.open(path, 'r+');
  await handle.sync().finally(() => handle.close());
}

async function removeFile(path: string): Promise<boolean> {
  try {
    await fs.unlink(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

const LOCK = '.rolling';

/** A file that says who rolls; that of a process of this machine that has ended counts no more. */
async function lockDataset(folder: string): Promise<Result<{ release(): Promise<void> }>> {
  const path = join(folder, LOCK);
  const own = `${process.pid} ${hostname()}`;
  let holder = '';
  for (let attempt = 0; attempt < 2; attempt++) {
    try {
      await fs.writeFile(path, own, { flag: 'wx' });
      return succeed({ release: () => fs.rm(path, { force: true }) });
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT') return fail('usage', `${folder}: no such folder`);
      if (code !== 'EEXIST') return fail('unreadable', `${folder}: cannot be rolled: ${message}`);
      holder = await fs.readFile(path, 'utf8').catch(() => '');
      const [pid, host] = holder.split(' ');
      if (host !== hostname() || isRunning(Number(pid))) break;
      await fs.rm(path, { force: true });
    }
  }
  return fail(
    'unsupported',
    `${folder}: is being rolled by process ${holder || '?'}; wait for its end, or remove ${path} if it has ended`,
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
