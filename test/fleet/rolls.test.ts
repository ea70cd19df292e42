import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { countedDay, emptyDay, type RollRecord } from '../../src/fleet/rolls.ts';
import { FLEET_TABLES } from '../../src/fleet/tables.ts';
import { messageOf, valueOf } from '../support/ranges.ts';

const TABLES = FLEET_TABLES.map(({ name }) => name);

/** A day as rolling leaves it; `steps` of what a roller does in order, cut anywhere. */
class Day {
  readonly files = emptyDay();

  arrive(name: string): void {
    for (const table of TABLES) this.files.readings[table].add(name);
  }

  /** Everything that one roll does, as single steps. */
  rolling(id: string): (() => void)[] {
    const counted = valueOf(countedDay(this.files, '2026-11-27'));
    const readings = [...counted.readings];
    for (const each of counted.rolls) readings.push(...(this.files.records.get(each)?.readings ?? []));
    const replaces = [...new Set([...counted.rolls, ...counted.leftOver.rolls])];
    const record: RollRecord = { version: 1, readings, replaces, tables: TABLES };
    return [
      ...TABLES.map((table) => () => void this.files.rolled[table].add(id)),
      () => void this.files.records.set(id, record),
      ...[0, 1].flatMap(() => this.removing()),
    ];
  }

  /** Removes what counts no more: files first, then records. */
  removing(): (() => void)[] {
    return [
      ...TABLES.map((table) => () => {
        const { leftOver } = valueOf(countedDay(this.files, '2026-11-27'));
        for (const name of leftOver.readings) this.files.readings[table].delete(name);
        for (const id of leftOver.rolls) this.files.rolled[table].delete(id);
      }),
      () => {
        const { leftOver } = valueOf(countedDay(this.files, '2026-11-27'));
        for (const id of leftOver.rolls) this.files.records.delete(id);
      },
    ];
  }

  /** The readings that count, each as often as it does. */
  counted(): string[] {
    const { readings, rolls } = valueOf(countedDay(this.files, '2026-11-27'));
    return [...readings, ...rolls.flatMap((id) => this.files.records.get(id)?.readings ?? [])].sort();
  }
}

describe('which files of a day count', () => {
  test('each reading once, wherever rolling is cut, again and again', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({ arrive: fc.integer({ min: 0, max: 3 }), cut: fc.integer({ min: 0, max: 40 }) }),
          {
            maxLength: 6,
          },
        ),
        (rounds) => {
          const day = new Day();
          const all: string[] = [];
          for (const [at, { arrive, cut }] of rounds.entries()) {
            for (let i = 0; i < arrive; i++) {
              day.arrive(`host-${at}-${i}`);
              all.push(`host-${at}-${i}`);
            }
            const wanted = [...all].sort();
            expect(day.counted()).toEqual(wanted);
            if (all.length === 0) continue;
            for (const step of day.rolling(at.toString(16).padStart(16, '0')).slice(0, cut)) {
              step();
              expect(day.counted()).toEqual(wanted);
            }
          }
        },
      ),
    );
  });

  test('a reading that is sent again after it was rolled counts once', () => {
    const day = new Day();
    day.arrive('host');
    for (const step of day.rolling('0'.repeat(16))) step();
    day.arrive('host');
    expect(day.counted()).toEqual(['host']);
  });

  test('a reading without its file in hosts has not arrived wholly', () => {
    const day = new Day();
    day.arrive('whole');
    day.files.readings.rows.add('half');
    expect(valueOf(countedDay(day.files, 'd'))).toMatchObject({ readings: ['whole'], half: ['half'] });
  });

  test('a file of a roll that is missing is an error', () => {
    const day = new Day();
    day.arrive('host');
    for (const step of day.rolling('0'.repeat(16))) step();
    day.files.rolled.rows.clear();
    expect(messageOf(countedDay(day.files, '2026-11-27'))).toBe(
      '2026-11-27: rows/date=2026-11-27/roll-0000000000000000.parquet is missing; no sum without it would be true',
    );
  });

  test('two rolls that hold the same reading are an error', () => {
    const day = new Day();
    for (const id of ['0'.repeat(16), '1'.repeat(16)]) {
      for (const table of TABLES) day.files.rolled[table].add(id);
      day.files.records.set(id, { version: 1, readings: ['host'], replaces: [], tables: TABLES });
    }
    expect(messageOf(countedDay(day.files, 'd'))).toContain('both hold host; remove one');
  });
});
