import { z } from 'zod';
import { fail, type Result, succeed } from '../core/base/failure.ts';
import { byTable, COUNTED_TABLES, FLEET_TABLES, type FleetTableName } from './tables.ts';

/**
 * What a roll holds: readings of one day in one file a table, in place of a file each. Its record is written
 * when all of its files are there, and makes them count; the files of its readings count no more from then
 * on.
 */
const rollRecord = z.strictObject({
  version: z.literal(1),
  /** Names of readings: see readingName. */
  readings: z.array(z.string()).min(1),
  /** Earlier rolls of the day whose readings it took over. */
  replaces: z.array(z.string()),
  /** Tables that it has a file in. */
  tables: z.array(z.enum(['hosts', ...COUNTED_TABLES])),
});
export type RollRecord = z.infer<typeof rollRecord>;

/** The folder of records, beside those of tables. */
export const ROLLS = 'rolls';

/** The name of a roll's file in each table, without its ending. */
export function rollName(id: string): string {
  return `roll-${id}`;
}

/** The id in the name of such a file; undefined for that of a reading. */
export function rollIdOf(stem: string): string | undefined {
  return /^roll-([0-9a-f]{16})$/.exec(stem)?.[1];
}

/** The record in the text of a file. */
export function rollRecordOf(text: string, name: string): Result<RollRecord> {
  try {
    return succeed(rollRecord.parse(JSON.parse(text)));
  } catch {
    return fail('unreadable', `${name}: is no record of a roll; thpscope fleet roll writes them`);
  }
}

/** The files of one day of a dataset: names without their ending. */
export interface DayFiles {
  readonly readings: Readonly<Record<FleetTableName, ReadonlySet<string>>>;
  /** Rolls that have files. */
  readonly rolled: Readonly<Record<FleetTableName, ReadonlySet<string>>>;
  readonly records: ReadonlyMap<string, RollRecord>;
}

/** Which files of a day count. */
export interface CountedDay {
  /** Readings whose own files count. */
  readonly readings: readonly string[];
  /** Rolls whose files count. */
  readonly rolls: readonly string[];
  /** The readings that these hold. */
  readonly rolledReadings: readonly string[];
  /** Readings that lack their file in `hosts`. */
  readonly half: readonly string[];
  /** Files that nothing counts any more, or yet: what they hold counts elsewhere. */
  readonly leftOver: { readonly readings: readonly string[]; readonly rolls: readonly string[] };
}

/**
 * Decides which files of a day count, so that each reading counts once wherever a roll was interrupted. Fails
 * where a file of a roll is missing, or two rolls hold the same reading.
 */
export function countedDay({ readings, rolled, records }: DayFiles, day: string): Result<CountedDay> {
  const replaced = new Set([...records.values()].flatMap((record) => record.replaces));
  const rolls = [...records].filter(([id]) => !replaced.has(id));
  const rollOf = new Map<string, string>();
  for (const [id, record] of rolls) {
    const missing = record.tables.find((table) => !rolled[table].has(id));
    if (missing !== undefined)
      return fail(
        'unreadable',
        `${day}: ${missing}/date=${day}/${rollName(id)}.parquet is missing; no sum without it would be true`,
      );
    for (const reading of record.readings) {
      const other = rollOf.get(reading);
      if (other !== undefined)
        return fail(
          'unreadable',
          `${day}: the rolls ${other} and ${id} both hold ${reading}; remove one with its record in ${ROLLS}/date=${day}`,
        );
      rollOf.set(reading, id);
    }
  }
  const whole = readings.hosts;
  const half = new Set<string>();
  for (const table of COUNTED_TABLES)
    for (const name of readings[table]) if (!whole.has(name) && !rollOf.has(name)) half.add(name);
  const all = new Set(FLEET_TABLES.flatMap(({ name }) => [...readings[name]]));
  const allRolled = new Set(FLEET_TABLES.flatMap(({ name }) => [...rolled[name]]));
  const counting = new Set(rolls.map(([id]) => id));
  return succeed({
    readings: [...whole].filter((name) => !rollOf.has(name)),
    rolls: [...counting],
    rolledReadings: [...rollOf.keys()],
    half: [...half],
    leftOver: {
      readings: [...all].filter((name) => rollOf.has(name)),
      rolls: [...new Set([...allRolled, ...replaced])].filter((id) => !counting.has(id)),
    },
  });
}

/** No files of a day. */
export function emptyDay(): {
  readings: Record<FleetTableName, Set<string>>;
  rolled: Record<FleetTableName, Set<string>>;
  records: Map<string, RollRecord>;
} {
  return {
    readings: byTable(() => new Set<string>()),
    rolled: byTable(() => new Set<string>()),
    records: new Map(),
  };
}
