import { execFileSync, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

/** What a release needs of the repository. */
const FILES = [
  '.gitignore',
  'CHANGELOG.md',
  'package-lock.json',
  'package.json',
  'scripts/release.mjs',
  'scripts/require-node.cjs',
];

const folder = mkdtempSync(join(tmpdir(), 'thpscope-release-'));
const git = (...args: string[]) => execFileSync('git', args, { cwd: folder, encoding: 'utf8' });
const path = (name: string) => join(folder, name);
const read = (name: string) => readFileSync(path(name), 'utf8');

function release(...words: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/release.mjs', ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

/** Commits package.json with scripts that are over at once, one of which may fail. */
function commitScripts(failing?: string): void {
  const own = JSON.parse(read('package.json'));
  for (const name of ['lint', 'pretest', 'test', 'prepack'])
    own.scripts[name] = `node -e "process.exit(${name === failing ? 1 : 0})"`;
  writeFileSync(path('package.json'), JSON.stringify(own, undefined, 2));
  git('commit', '--quiet', '--all', '--message', 'Scripts of the test', '--allow-empty');
}

beforeAll(() => {
  mkdirSync(path('scripts'), { recursive: true });
  for (const name of FILES) copyFileSync(name, path(name));
  git('init', '--quiet');
  git('config', 'user.name', 'A test');
  git('config', 'user.email', 'test@example.org');
  const changes = read('CHANGELOG.md').replace(
    /## Unreleased\n/,
    '## Unreleased\n\n- A change of the test.\n',
  );
  writeFileSync(path('CHANGELOG.md'), changes);
  const own = JSON.parse(read('package.json'));
  writeFileSync(path('package.json'), JSON.stringify({ ...own, version: '0.1.0' }, undefined, 2));
  git('add', '--all');
  commitScripts();
});

afterAll(() => rmSync(folder, { recursive: true }));

test('a release is refused without a later version, with a tree that is not clean, and when a check fails', () => {
  for (const [words, reason] of [
    [[], /say which version/],
    [['0.1.0'], /0.1.0 is not later than 0.1.0/],
    [['1.0'], /1.0 is no version/],
  ] as const) {
    expect(release(...words)).toMatchObject({ status: 1, stderr: expect.stringMatching(reason) });
  }
  writeFileSync(path('new-file'), '');
  expect(release('0.2.0')).toMatchObject({ status: 1, stderr: expect.stringMatching(/tree is not clean/) });
  rmSync(path('new-file'));
  commitScripts('test');
  expect(release('0.2.0', '--write')).toMatchObject({
    status: 1,
    stderr: expect.stringMatching(/npm run test failed/),
  });
  commitScripts();
});

test('without --write a release changes nothing', () => {
  const before = git('rev-parse', 'HEAD');
  const { status, stdout } = release('0.2.0');
  expect(status).toBe(0);
  expect(stdout).toContain('Ready for 0.2.0');
  expect(git('rev-parse', 'HEAD')).toBe(before);
  expect(git('status', '--porcelain')).toBe('');
  expect(git('tag')).toBe('');
});

test('with --write it sets the version, dates the changes, commits, tags and packs', () => {
  const { status, stderr } = release('0.2.0', '--write');
  expect(stderr).not.toContain('release:');
  expect(status).toBe(0);
  expect(JSON.parse(read('package.json')).version).toBe('0.2.0');
  expect(JSON.parse(read('package-lock.json')).packages[''].version).toBe('0.2.0');
  expect(read('CHANGELOG.md')).toMatch(
    /## Unreleased\n\n## 0.2.0 \(\d{4}-\d\d-\d\d\)\n\n- A change of the test./,
  );
  expect(git('log', '-1', '--format=%s')).toBe('Release 0.2.0\n');
  expect(git('tag', '--points-at', 'HEAD')).toBe('v0.2.0\n');
  expect(git('status', '--porcelain')).toBe('');
  expect(existsSync(path('thpscope-0.2.0.tgz'))).toBe(true);
  // Nothing is listed as unreleased any more.
  expect(release('0.3.0')).toMatchObject({ status: 1, stderr: expect.stringMatching(/lists nothing/) });
});
