import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Context } from '../../src/cli/shared/context.ts';
import { startProgress } from '../../src/cli/shared/output/progress.ts';
import { SHELL_COMMAND } from '../support/built-command.ts';
import { thpscope, words } from '../support/thpscope.ts';

/** A terminal of 60 columns that keeps what is written to it. */
function terminal(): { context: Context; written: () => string } {
  let written = '';
  const stderr = { isTTY: true, columns: 60, write: (text: string) => void (written += text) };
  return { context: { process: { stderr } } as unknown as Context, written: () => written };
}

test('progress on a terminal is one line that fits, whatever is known of the total', () => {
  for (const [done, total] of [
    [0, 4],
    [9, 4],
    [3, undefined],
    [0, 0],
  ] as const) {
    const { context, written } = terminal();
    const progress = startProgress(context);
    progress.show(done, total, `processes: 3G read, now \u001b[31m${'x'.repeat(100)}`);
    const line = written().replace('\r\u001b[K', '');
    expect(line.length).toBeLessThan(60);
    expect(line).not.toContain('\u001b');
    expect(line).not.toContain('\n');
  }
});

test('progress is silent where stderr is no terminal', async () => {
  const { stderr } = await thpscope(words('predict examples/redis.parquet --orders all'));
  expect(stderr).toBe('');
});

test('a snapshot is predicted on a terminal as elsewhere', () => {
  const command = `${SHELL_COMMAND} predict examples/redis.parquet --policy default`;
  const run = spawnSync('script', ['-qec', command, '/dev/null'], { encoding: 'utf8' });
  if (run.error) return; // util-linux is not here
  expect(run.status).toBe(0);
  expect(run.stdout).toContain('redis-server');
});

test('names of processes cannot control the terminal', async () => {
  const child = spawn(process.execPath, [
    '-e',
    "process.title = '\\u001b[31mred'; setInterval(() => {}, 1000)",
  ]);
  while (!readFileSync(`/proc/${child.pid}/comm`, 'latin1').includes('red')) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { stdout, code } = await thpscope(['predict', '-p', String(child.pid), '--color', 'never']);
  child.kill();
  await once(child, 'exit');
  expect(code).toBe(0);
  expect(stdout).toContain('\\x1b[31mred');
  expect(stdout).not.toContain('\u001b');
});

test('completion offers commands, flags and the values of flags, and leaves files to the shell', async () => {
  const offered = async (...typed: string[]) =>
    (await thpscope(['__complete', ...typed])).stdout.split('\n').filter((line) => line !== '');
  expect(await offered('pre')).toEqual(['predict']);
  expect(await offered('predict', '--max-ptes-n')).toEqual(['--max-ptes-none']);
  expect(await offered('predict', '--kernel', 'linux-7')).toEqual(['linux-7.3', 'linux-7.2']);
  expect(await offered('predict', '')).toEqual([]);
});
