import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { folderStore } from '../../../src/fleet/stores/folder-store.ts';

const BYTES = new Uint8Array([1, 2, 3]);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-folder-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

test('never makes the folder itself: what belongs there may not be mounted', async () => {
  const store = folderStore(join(folder, 'mnt'));
  const message = `${folder}/mnt: no such folder; create it, or mount the file system it lies on`;
  expect(await store.put('rows/a', BYTES)).toEqual({ ok: false, failure: { kind: 'usage', message } });
  expect(await store.list('')).toEqual({ ok: false, failure: { kind: 'usage', message } });
  expect(await store.get('rows/a')).toEqual({ ok: false, failure: { kind: 'usage', message } });
  expect(existsSync(join(folder, 'mnt'))).toBe(false);
});

test('a file in place of the folder, or of one in it, is no folder', async () => {
  writeFileSync(join(folder, 'file'), '');
  expect(await folderStore(join(folder, 'file')).list('')).toMatchObject({ failure: { kind: 'usage' } });
  expect(await folderStore(folder).put('file/a', BYTES)).toMatchObject({ failure: { kind: 'usage' } });
});

test('leaves nothing but the file, and removes what a killed writer left', async () => {
  const store = folderStore(folder);
  await store.put('rows/a', BYTES);
  const { pid } = spawnSync('true');
  const growing = join(folder, '.unfinished');
  // The name is that of a writer of this machine which has ended.
  const mine = spawnSync(process.execPath, [
    '-e',
    `console.log(require('crypto').createHash('sha256').update(require('os').hostname()).digest('hex').slice(0, 8))`,
  ]);
  writeFileSync(
    join(growing, `.rows-b.${mine.stdout.toString().trim()}-${pid}-0123456789ab.partial`),
    'half',
  );
  writeFileSync(join(growing, `.rows-b.00000000-${pid}-0123456789ab.partial`), 'of another machine');
  await store.put('rows/c', BYTES);
  expect(readdirSync(growing)).toEqual([`.rows-b.00000000-${pid}-0123456789ab.partial`]);
  expect(readdirSync(join(folder, 'rows'))).toEqual(['a', 'c']);
});

test('lists through links, and no hidden files', async () => {
  const elsewhere = mkdtempSync(join(folder, '.elsewhere-'));
  writeFileSync(join(elsewhere, 'b'), 'xy');
  mkdirSync(join(folder, 'rows'));
  writeFileSync(join(folder, 'rows', '.a.partial'), 'x');
  symlinkSync(elsewhere, join(folder, 'rows', 'day'));
  symlinkSync('nothing', join(folder, 'rows', 'broken'));
  expect(await folderStore(folder).list('')).toEqual({ ok: true, value: [{ key: 'rows/day/b', bytes: 2 }] });
});
