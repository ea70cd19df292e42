import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { PROGRAM, SCRIPT } from '../support/built-command.ts';
import { thpscope } from '../support/thpscope.ts';

const SNAPSHOT = 'examples/redis.parquet';
const root = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(root, { recursive: true }));

let folder: string;
let input: string;

beforeEach(() => {
  folder = mkdtempSync(join(root, 'case-'));
  input = join(folder, 'input.parquet');
  copyFileSync(SNAPSHOT, input);
});

describe.each(['digest', 'report'])('%s does not write onto what it reads', (command) => {
  test.each([
    ['the same name', () => input],
    ['another way to write it', () => `${folder}/./../${relative(root, folder)}/input.parquet`],
    ['a relative path', () => relative(process.cwd(), input)],
    ['a symbolic link', () => linked(symlinkSync)],
    ['a hard link', () => linked(linkSync)],
    [
      'a linked directory',
      () => (symlinkSync(folder, join(folder, 'same')), join(folder, 'same/input.parquet')),
    ],
  ])('under %s', async (_, output) => {
    const path = output();
    const before = readdirSync(folder);
    const { code, stderr, stdout } = await thpscope([command, input, '-o', path]);
    expect(stderr).toMatch(/: is an input.*; choose another name\n$/);
    expect([code, stdout]).toEqual([2, '']);
    expect(readFileSync(input).equals(readFileSync(SNAPSHOT))).toBe(true);
    expect(readdirSync(folder)).toEqual(before);
  });

  test('though a file of the same content is another one', async () => {
    const copy = join(folder, 'copy.parquet');
    copyFileSync(input, copy);
    expect((await thpscope([command, input, '-o', copy])).code).toBe(0);
  });
});

function linked(link: (from: string, to: string) => void): string {
  link(input, join(folder, 'link'));
  return join(folder, 'link');
}

test('nor is a policy file an output', async () => {
  const policy = join(folder, 'policy.json');
  writeFileSync(policy, '{}');
  const { code } = await thpscope(['report', input, '--policy', policy, '-o', policy]);
  expect(code).toBe(2);
  expect(readFileSync(policy, 'utf8')).toBe('{}');
});

test('a report is to be passed on, a digest and a snapshot are for their owner', async () => {
  const umask = process.umask(0o022);
  try {
    for (const [command, mode] of [
      ['report', 0o644],
      ['digest', 0o600],
    ] as const) {
      const path = join(folder, command);
      expect((await thpscope([command, input, '-o', path])).code).toBe(0);
      expect([command, statSync(path).mode & 0o777]).toEqual([command, mode]);
    }
  } finally {
    process.umask(umask);
  }
});

/**
 * Runs a command in a directory that takes 4K, most of which is used; undefined where none can be mounted.
 */
function onFullDisk(args: readonly string[]) {
  const full = join(folder, 'full');
  mkdirSync(full);
  const script = `mount -t tmpfs -o size=4k none "$0" && echo mounted && head -c 4096 /dev/zero > "$0/filler" && cd "$0" && "$@"; echo "code $?"; ls -A "$0"`;
  const run = spawnSync('unshare', ['-m', 'sh', '-c', script, full, PROGRAM, ...SCRIPT, ...args], {
    encoding: 'utf8',
  });
  return run.stdout?.startsWith('mounted\n') ? run : undefined;
}

test.each([
  [['verify', '--new', 'walk.mjs'], 4],
  [['digest', join(process.cwd(), SNAPSHOT), '-o', 'a.digest'], 4],
])('a full disk leaves nothing behind: %s', (args, code) => {
  const run = onFullDisk(args);
  if (!run) return void expect(() => execFileSync('unshare', ['-m', 'true'])).toThrow();
  expect(run.stderr).toMatch(/is full; free some space or write elsewhere\n$/);
  expect(run.stdout).toBe(`mounted\ncode ${code}\nfiller\n`);
});
