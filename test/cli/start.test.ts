import { spawnSync } from 'node:child_process';
import { release } from 'node:os';
import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

/** How a heading says whose decision follows. */
const HEADING = /^=== (.*)\n=== as decided by (khugepaged of Linux .*)$/gm;

test('npm start asks the kernel that runs here, then the newest, and ends with commands to type', async () => {
  const { stdout, stderr, status } = spawnSync(process.execPath, ['scripts/start.mjs'], { encoding: 'utf8' });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).not.toContain('\u001b');
  const [series] = /^\d+\.\d+/.exec(release()) ?? [];
  const [here, newest, ...story] = [...stdout.matchAll(HEADING)].map(
    ([, what, whose]) => `${what}: ${whose}`,
  );
  expect(here).toBe(
    `The processes of this machine: khugepaged of Linux ${series}, which runs here, under the settings in force`,
  );
  expect(newest).toMatch(
    /^The processes of this machine: khugepaged of Linux 7\.3, the newest, with all sizes/,
  );
  // Only a machine with little memory needs a story.
  expect(story.length > 0).toBe(stdout.includes('That is little memory'));
  const commands = [...stdout.matchAll(/: +npx thpscope (.*?)(?: {3}.*)?$/gm)].map(([, line]) => line);
  expect(commands.map((line) => line.split(' ')[0])).toEqual(['predict', 'advise', 'explain', 'serve']);
  const own = commands[0].replace(/-p \d+/, `-p ${process.pid}`);
  expect((await thpscope(words(own))).code).toBe(0);
});
