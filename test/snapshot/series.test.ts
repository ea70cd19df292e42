import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { seriesFiles, seriesName, trimSeries } from '../../src/snapshot/series.ts';
import { valueOf } from '../support/ranges.ts';

/** A folder with these snapshots of ten bytes each, and one file of somebody else. */
function folderOf(...names: string[]): string {
  const folder = mkdtempSync(join(tmpdir(), 'thpscope-series-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const name of [...names, 'before.parquet']) writeFileSync(join(folder, name), '0123456789');
  return folder;
}

const NAMES = ['20251231T235959Z.parquet', '20260101T000000Z.parquet', '20260101T001000Z.parquet'];

test('snapshots are named by their time, and sort by it', async () => {
  expect(seriesName(new Date('2026-01-01T00:10:00.999Z'))).toBe(NAMES[2]);
  const folder = folderOf(...NAMES.toReversed());
  expect(valueOf(await seriesFiles(folder))).toEqual(NAMES.map((name) => join(folder, name)));
});

test.each([
  [{ files: 2 }, NAMES.slice(1)],
  [{ bytes: 29 }, NAMES.slice(1)],
  [{ bytes: 30 }, NAMES],
  [{ bytes: 1 }, NAMES.slice(2)],
  [{}, NAMES],
])('within %j the newest stay, and files of others', async (bound, kept) => {
  const folder = folderOf(...NAMES);
  expect(valueOf(await trimSeries(folder, bound))).toBe(NAMES.length - kept.length);
  expect(readdirSync(folder).sort()).toEqual([...kept, 'before.parquet']);
});

test('a folder that is not there is said', async () => {
  expect(await seriesFiles('/nowhere/at/all')).toMatchObject({ failure: { kind: 'usage' } });
});
