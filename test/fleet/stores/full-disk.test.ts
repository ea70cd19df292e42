import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'thpscope-full-'));
  for (const name of ['disk', 'store']) mkdirSync(join(folder, name));
});
afterEach(() => rmSync(folder, { recursive: true }));

const KEYS = Array.from({ length: 3 }, (_, i) => `date=2026-11-24/h-${i}`);

/**
 * What a shell prints that has `disk` as a small disk of its own and may `spool WHERE TO KEYS…`; undefined
 * where nothing can be mounted.
 */
function onDisk(size: string, script: string): string | undefined {
  const functions = `
    child() { '${process.execPath}' test/fleet/stores/spooling-child.mjs "$1" 2>&1 | grep -E '^(added|done)|Error:|: '; }
    spool() { child "{\\"spool\\":\\"$F/$1\\",\\"location\\":\\"$F/$2\\",\\"environment\\":{},\\"keys\\":$3}"; }
    F='${folder}'; mount -t tmpfs -o size=${size} none "$F/disk" && echo mounted || exit
  `;
  const run = spawnSync('unshare', ['-m', 'sh', '-c', functions + script], { encoding: 'utf8' });
  return run.stdout?.startsWith('mounted\n')
    ? run.stdout.replace('mounted\n', '').replaceAll(folder, '')
    : undefined;
}

const cannotMount = () => expect(() => execFileSync('unshare', ['-m', 'true'])).toThrow();

test('a spool on a full disk keeps what it has, and says what to do', () => {
  const said = onDisk(
    '128k',
    `spool disk/spool store '${JSON.stringify(KEYS)}'; spool disk/spool store '[]'
    ls -A $F/disk/spool $F/store/hosts/*`,
  );
  if (said === undefined) return void cannotMount();
  expect(said.split('\n').filter(Boolean)).toEqual([
    `added ${KEYS[0]}`,
    `added ${KEYS[1]}`,
    'Error: spool /disk/spool: is full; free some space, or name another folder',
    'done',
    '/disk/spool:',
    '/store/hosts/date=2026-11-24:',
    'h-0',
    'h-1',
  ]);
});

test('what a full store does not take waits in the spool until it does', () => {
  const said = onDisk(
    '128k',
    `spool spool disk '${JSON.stringify(KEYS)}'; ls -A $F/disk/hosts/*; ls $F/spool | wc -l
    mount -o remount,size=1m "$F/disk"; spool spool disk '[]'
    ls -A $F/disk/hosts/* $F/disk/.unfinished $F/spool`,
  );
  if (said === undefined) return void cannotMount();
  expect(said.split('\n').filter(Boolean)).toEqual([
    ...KEYS.map((key) => `added ${key}`),
    '/disk: is full; free some space, or name another folder',
    'h-0',
    'h-1',
    '1',
    'done',
    '/disk/.unfinished:',
    '/disk/hosts/date=2026-11-24:',
    'h-0',
    'h-1',
    'h-2',
    '/spool:',
  ]);
});

test('a spool that became read-only says so, and loses nothing', () => {
  const readOnly = 'the file system is read-only; mount it for writing, or name another folder';
  const said = onDisk(
    '1m',
    `spool disk/spool nowhere '${JSON.stringify(KEYS)}'; mount -o remount,ro "$F/disk"
    spool disk/spool nowhere '["a"]'; spool disk/spool store '[]'
    ls -A $F/store/hosts/*; ls $F/disk/spool | wc -l`,
  );
  if (said === undefined) return void cannotMount();
  expect(said.split('\n').filter(Boolean)).toEqual([
    ...KEYS.map((key) => `added ${key}`),
    '/nowhere: no such folder; create it, or mount the file system it lies on',
    `Error: spool /disk/spool: ${readOnly}`,
    `spool /disk/spool: ${readOnly}`,
    'h-0',
    '3',
  ]);
});
