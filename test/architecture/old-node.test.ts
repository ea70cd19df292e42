import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const { engines, scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
const needed: string = engines.node.slice('>='.length);

/** Runs an entry in a process that takes itself for another version of Node. */
function runAs(version: string, entry: string, ...words: string[]) {
  const pretend = `Object.defineProperty(process, 'versions', { value: { node: '${version}' } })`;
  const first = `data:text/javascript,${encodeURIComponent(pretend)}`;
  return spawnSync(process.execPath, ['--import', first, entry, ...words], { encoding: 'utf8' });
}

test.each(['dist/cli/main.js', 'scripts/setup.mjs', 'scripts/start.mjs', 'scripts/build.mjs'])(
  '%s refuses an old Node in one sentence',
  (entry) => {
    const { stdout, stderr, status } = runAs('18.20.8', entry);
    expect(stderr).toBe(`thpscope needs Node.js ${needed} or newer; this is 18.20.8.\n`);
    expect(stdout).toBe('');
    expect(status).toBe(4);
  },
);

test.each([
  ['20.11.1', 4],
  ['20.12.0', 0],
  ['20.20.2', 0],
  ['24.0.0', 0],
])('Node %s ends the command line with %i', (version, code) => {
  expect(runAs(version, 'dist/cli/main.js', '--version').status).toBe(code);
});

test('the other scripts of package.json that need a build set up first', () => {
  for (const name of ['prestart', 'pretest', 'bench'])
    expect(scripts[name]).toMatch(/^node scripts\/setup.mjs/);
});
