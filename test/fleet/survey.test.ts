import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { listDataset } from '../../src/fleet/dataset.ts';
import { openDuckDb } from '../../src/fleet/engines/duckdb.ts';
import { foldFleet } from '../../src/fleet/fleet-memory.ts';
import type { Reading } from '../../src/fleet/reading.ts';
import { checkComplete, type FleetSurvey, surveyFleet } from '../../src/fleet/survey.ts';
import { madeReading, type ReadingText, storeReadings } from '../support/made-reading.ts';
import { messageOf, valueOf } from '../support/ranges.ts';

const NOW = '2026-11-27T12:00:00.000Z';
const DAY_MS = 86_400_000;

let folder: string;
const made: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-survey-'));
  made.push(folder);
});
afterAll(() => {
  for (const each of made) rmSync(each, { recursive: true });
});

function store(...readings: readonly (ReadingText | Reading)[]): void {
  storeReadings(
    folder,
    readings.map((each) => ('digest' in each ? each : madeReading(each))),
  );
}

async function survey(where?: string) {
  const listed = valueOf(await listDataset(folder));
  const engine = valueOf(await openDuckDb(listed.files));
  const scope = { where, sinceMs: DAY_MS, nowMs: Date.parse(NOW) };
  const surveyed = await surveyFleet(engine, scope);
  const folded = surveyed.ok ? valueOf(await foldFleet(engine, surveyed.value, ['host'])) : undefined;
  await engine.close();
  const counted = folded?.source.processes.map(({ process }) => process.command).sort();
  return { surveyed, counted, notRead: listed.notRead };
}

async function leftOut(): Promise<{ counted: string[] | undefined; leftOut: readonly string[] }> {
  const { surveyed, counted } = await survey();
  return { counted, leftOut: valueOf<FleetSurvey>(surveyed).leftOut };
}

describe('which readings count', () => {
  test('the last of each host, once', async () => {
    store(
      { host: 'a', time: '2026-11-27T09:00:00.000Z', ranges: 1 },
      { host: 'a', time: '2026-11-27T10:00:00.000Z', ranges: 5 },
      { host: 'a', time: '2026-11-26T23:00:00.000Z', ranges: 7 },
      { host: 'b', time: '2026-11-26T22:00:00.000Z', ranges: 2 },
    );
    const { surveyed, counted } = await survey();
    expect(counted).toEqual(['a', 'b']);
    expect(valueOf<FleetSurvey>(surveyed)).toMatchObject({ hosts: 2, leftOut: [] });
    const listed = valueOf(await listDataset(folder));
    const engine = valueOf(await openDuckDb(listed.files));
    const folded = valueOf(await foldFleet(engine, valueOf<FleetSurvey>(surveyed), []));
    await engine.close();
    expect(folded.source.processes[0].memory.ranges).toBe(7);
  });

  test('not those of hosts that are silent, which are named', async () => {
    store(
      { host: 'a', time: '2026-11-27T09:00:00.000Z' },
      { host: 'gone', time: '2026-11-20T09:00:00.000Z' },
    );
    expect(await leftOut()).toEqual({
      counted: ['a'],
      leftOut: ['1 host (gone) was read last before 2026-11-26; --since reaches further back'],
    });
  });

  test('not those of clocks that are ahead, which are named', async () => {
    store(
      { host: 'a', time: '2026-11-27T09:00:00.000Z' },
      { host: 'ahead', time: '2027-11-20T09:00:00.000Z' },
    );
    expect(await leftOut()).toEqual({
      counted: ['a'],
      leftOut: ['readings from the future of 1 host (ahead): set the clock there, or here'],
    });
  });

  test('not those of two machines of one name, which are named; a host that was started again is one', async () => {
    store(
      { host: 'twin', boot: 'one', time: '2026-11-27T09:00:00.000Z' },
      { host: 'twin', boot: 'two', time: '2026-11-27T09:30:00.000Z' },
      { host: 'twin', boot: 'one', time: '2026-11-27T10:00:00.000Z' },
      { host: 'again', boot: 'three', time: '2026-11-27T09:00:00.000Z' },
      { host: 'again', boot: 'four', time: '2026-11-27T10:00:00.000Z' },
    );
    expect(await leftOut()).toEqual({
      counted: ['again'],
      leftOut: ['1 host (twin): several machines send by this name; give each its own (collect --host NAME)'],
    });
  });

  test('a clock that jumped between readings is named', async () => {
    const booted = ['2026-11-20T00:00:00.000Z', '2026-11-19T21:00:00.000Z', '2026-11-20T00:00:01.000Z'];
    store(
      { host: 'jumped', time: '2026-11-27T10:00:00.000Z', booted: booted[0] },
      { host: 'jumped', time: '2026-11-27T08:00:00.000Z', booted: booted[1] },
      { host: 'steady', time: '2026-11-27T09:00:00.000Z', booted: booted[0] },
      { host: 'steady', time: '2026-11-27T10:00:00.000Z', booted: booted[2] },
    );
    expect(await leftOut()).toEqual({
      counted: ['jumped', 'steady'],
      leftOut: ['maybe the last reading of 1 host (jumped): its clock jumped by up to 3h between readings'],
    });
  });

  test('two machines of one name that were read at the same moment', async () => {
    store(
      { host: 'twin', boot: 'one', time: '2026-11-27T09:00:00.000Z' },
      { host: 'twin', boot: 'two', time: '2026-11-27T09:00:00.000Z' },
      { host: 'a', time: '2026-11-27T10:00:00.000Z' },
    );
    expect((await leftOut()).counted).toEqual(['a']);
  });
});

describe('what makes every sum untrue is an error', () => {
  test('a table that lacks the rows of a reading', async () => {
    store({ host: 'a', time: '2026-11-27T09:00:00.000Z' });
    rmSync(join(folder, 'rows'), { recursive: true });
    expect(messageOf((await survey()).surveyed)).toBe(
      'table rows has 0 of the 1 rows that the hosts sent: a part of the dataset is missing; no sum of it would be true',
    );
  });

  test('an earlier day that lacks rows, where days are asked about', async () => {
    store({ host: 'a', time: '2026-11-26T13:00:00.000Z' }, { host: 'a', time: '2026-11-27T09:00:00.000Z' });
    rmSync(join(folder, 'rows/date=2026-11-26'), { recursive: true });
    const { files } = valueOf(await listDataset(folder));
    const engine = valueOf(await openDuckDb(files));
    const scope = { where: undefined, sinceMs: DAY_MS, nowMs: Date.parse(NOW) };
    const { last, daily } = valueOf(await surveyFleet(engine, scope));
    expect((await checkComplete(engine, last)).ok).toBe(true);
    expect(messageOf(await checkComplete(engine, daily))).toMatch(/table rows has 1 of the 2 rows/);
    await engine.close();
  });

  test('a reading that is there twice under two names', async () => {
    store({ host: 'a', time: '2026-11-27T09:00:00.000Z' });
    for (const table of readdirSync(folder)) {
      const day = join(folder, table, 'date=2026-11-27');
      const [name] = readdirSync(day);
      copyFileSync(join(day, name), join(day, 'copy.parquet'));
    }
    expect(messageOf((await survey()).surveyed)).toBe(
      'the reading of a at 2026-11-27T09:00:00.000Z is there 2 times: remove the copies, they would count twice',
    );
  });

  test('hosts of other page sizes', async () => {
    store(
      { host: 'a', time: '2026-11-27T09:00:00.000Z' },
      { host: 'b', time: '2026-11-27T09:00:00.000Z' },
      { host: 'p', time: '2026-11-27T09:00:00.000Z', geometry: { pageShift: 16, pmdOrder: 5 } },
    );
    expect(messageOf((await survey()).surveyed)).toBe(
      'hosts of different page sizes do not add up (2 hosts: "page_shift = 12 AND pmd_order = 9"; 1 host: "page_shift = 16 AND pmd_order = 5"): choose by --where',
    );
    expect((await survey('page_shift = 16')).counted).toEqual(['p']);
  });

  test('a file of another version, which lacks a column', async () => {
    store({ host: 'a', time: '2026-11-27T09:00:00.000Z' }, { host: 'b', time: '2026-11-27T09:00:00.000Z' });
    const day = join(folder, 'rows/date=2026-11-27');
    for (const name of readdirSync(day)) {
      const columnData = [{ name: 'host', data: ['a'] }];
      writeFileSync(join(day, name), new Uint8Array(parquetWriteBuffer({ columnData })));
      const listed = valueOf(await listDataset(folder));
      const opened = await openDuckDb(listed.files);
      const asked = opened.ok ? await opened.value.query(`SELECT SUM(c) AS c FROM thp_rows`) : opened;
      expect(messageOf(asked)).toMatch(/another version of thpscope wrote it: collect with this one/);
      if (opened.ok) await opened.value.close();
    }
  });

  test('a file that is no Parquet, by its name', async () => {
    store({ host: 'a', time: '2026-11-27T09:00:00.000Z' });
    writeFileSync(join(folder, 'rows/date=2026-11-27/b-x.parquet'), 'no parquet');
    writeFileSync(join(folder, 'hosts/date=2026-11-27/b-x.parquet'), 'no parquet');
    expect(messageOf((await survey()).surveyed)).toMatch(/^DuckDB: .*b-x\.parquet/);
  });
});

describe('what is there and not read is named', () => {
  test('half a reading, and files of others', async () => {
    store({ host: 'a', time: '2026-11-27T09:00:00.000Z' });
    writeFileSync(join(folder, 'rows/date=2026-11-27/half.parquet'), 'half');
    writeFileSync(join(folder, 'rows/date=2026-11-27/notes.txt'), 'mine');
    writeFileSync(join(folder, 'rows/notes.txt'), 'mine');
    const { notRead, counted } = await survey();
    expect(counted).toEqual(['a']);
    expect(notRead).toEqual([
      '1 reading has not arrived wholly: half',
      '2 files are no parts of a dataset: rows/date=2026-11-27/notes.txt, rows/notes.txt',
    ]);
  });
});
