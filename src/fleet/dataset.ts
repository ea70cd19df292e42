import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import { plural } from '../core/base/plural.ts';
import type { TableFiles } from './engines/duckdb.ts';
import { type CountedDay, countedDay, emptyDay, ROLLS, rollIdOf, rollName, rollRecordOf } from './rolls.ts';
import { byTable, FLEET_TABLES, type FleetTableName } from './tables.ts';

/** What a folder with readings of many hosts holds: docs/fleet.md#dataset. */
export interface Dataset {
  /** The files to be read, of each table. */
  readonly files: TableFiles;
  readonly days: ReadonlyMap<string, DatasetDay>;
  /** What is there and is not read, a sentence each. */
  readonly notRead: readonly string[];
}

/** A day of a dataset. */
export interface DatasetDay extends CountedDay {
  /** The files that count, of each table. */
  readonly files: TableFiles;
}

const DAY_FOLDER = /^date=(\d{4}-\d{2}-\d{2})$/;
const PARQUET = /^([^.].*)\.parquet$/;
const RECORD = /^([0-9a-f]{16})\.json$/;
/** Names that a sentence lists. */
const NAMED = 3;

/**
 * Lists the files of a dataset. The file in `hosts` comes last of a reading: without it the reading is not
 * whole, and nothing of it is read. Fails where rolls contradict each other.
 */
export async function listDataset(folder: string): Promise<Result<Dataset>> {
  if (folder.startsWith('s3:'))
    return fail('usage', `${folder}: is asked once it is here: aws s3 sync ${folder} DIR`);
  const there = await fs.access(folder).then(
    () => true,
    () => false,
  );
  if (!there) return fail('usage', `${folder}: no such folder; name the one that collect writes to`);
  const days = new Map<string, ReturnType<typeof emptyDay>>();
  const foreign: string[] = [];
  const dayOf = (date: string) => {
    const day = days.get(date) ?? emptyDay();
    days.set(date, day);
    return day;
  };
  for (const { name: table } of FLEET_TABLES) {
    const listed = await eachFile(folder, table, PARQUET, foreign, (date, stem) => {
      const id = rollIdOf(stem);
      if (id === undefined) dayOf(date).readings[table].add(stem);
      else dayOf(date).rolled[table].add(id);
      return undefined;
    });
    if (!listed.ok) return listed;
  }
  const records = await eachFile(folder, ROLLS, RECORD, foreign, async (date, id) => {
    const path = join(folder, ROLLS, `date=${date}`, `${id}.json`);
    const record = rollRecordOf(await fs.readFile(path, 'utf8'), path);
    if (record.ok) dayOf(date).records.set(id, record.value);
    return record;
  });
  if (!records.ok) return records;
  if (days.size === 0)
    return fail('unreadable', `${folder}: holds no readings; thpscope collect -o ${folder} makes them`);
  const counted = new Map<string, DatasetDay>();
  for (const [date, day] of [...days].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const found = countedDay(day, date);
    if (!found.ok) return fail(found.failure.kind, `${folder}: ${found.failure.message}`);
    const { readings, rolls } = found.value;
    const files = byTable((table) =>
      [
        ...readings.filter((name) => day.readings[table].has(name)),
        ...rolls.filter((id) => day.rolled[table].has(id)).map(rollName),
      ].map((name) => join(folder, table, `date=${date}`, `${name}.parquet`)),
    );
    counted.set(date, { ...found.value, files });
  }
  const half = [...counted.values()].flatMap((day) => day.half);
  return succeed({
    files: byTable((table) => [...counted.values()].flatMap(({ files }) => files[table])),
    days: counted,
    notRead: [
      ...listedLine(half, 'reading', 'has not arrived wholly', 'have not arrived wholly'),
      ...listedLine(foreign, 'file', 'is no part of a dataset', 'are no parts of a dataset'),
    ],
  });
}

/** Visits the files of a folder of a dataset by day and name; what has another name is foreign. */
async function eachFile(
  folder: string,
  part: FleetTableName | typeof ROLLS,
  pattern: RegExp,
  foreign: string[],
  visit: (date: string, name: string) => undefined | Promise<Result<unknown>>,
): Promise<Result<void>> {
  const days = await namesIn(join(folder, part));
  if (!days.ok) return days;
  for (const day of days.value) {
    const date = DAY_FOLDER.exec(day)?.[1];
    if (date === undefined) {
      foreign.push(join(part, day));
      continue;
    }
    const names = await namesIn(join(folder, part, day));
    if (!names.ok) return names;
    for (const name of names.value) {
      const stem = pattern.exec(name)?.[1];
      const visited = stem === undefined ? undefined : await visit(date, stem);
      if (visited && !visited.ok) return visited;
      if (stem === undefined && !name.startsWith('.')) foreign.push(join(part, day, name));
    }
  }
  return succeed(undefined);
}

async function namesIn(folder: string): Promise<Result<string[]>> {
  try {
    return succeed((await fs.readdir(folder)).sort());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return succeed([]);
    if (code === 'ENOTDIR')
      return fail('usage', `${folder}: is a file where a folder of a dataset is expected`);
    if (code === 'EACCES') return fail('permission', `${folder}: may not be read by this user`);
    return fail('unreadable', `${folder}: cannot be read: ${(error as Error).message}`);
  }
}

function listedLine(names: readonly string[], noun: string, one: string, many: string): string[] {
  if (names.length === 0) return [];
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : '';
  const what = names.length === 1 ? one : many;
  return [`${plural(names.length, noun)} ${what}: ${names.slice(0, NAMED).join(', ')}${more}`];
}
