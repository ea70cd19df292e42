import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { SHELL_COMMAND } from '../support/built-command.ts';
import { kernelTree, machineFiles, PRESENT, processFiles } from '../support/kernel-tree.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-test-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Clears a terminal, in C0 and C1; turns a line around. */
const STRAY = '\u001b[2J\u009b2J\u202e';
const CONTROL = /(?!\n)[\p{Cc}\p{Bidi_Control}]/u;

describe('nothing that a terminal obeys is printed', () => {
  test.each([
    [['predict', `--x${STRAY}`, 'b']],
    [[`pre${STRAY}dict`]],
    [['predict', '--pattern', '1', '--kernel', STRAY]],
    [['predict', '--pattern', '1', '--max-ptes-none', STRAY]],
    [['predict', '--pattern', STRAY]],
    [['predict', STRAY]],
    [['verify', 'walk', `./${STRAY}.mjs`]],
    [['simulate', `${STRAY}.json`]],
    [['sweep', '--cgroup', STRAY]],
    [['completion', STRAY]],
  ])('of words that are wrong: %j', async (args) => {
    const { code, stdout, stderr } = await thpscope(args);
    expect(code).toBeGreaterThan(0);
    expect(stderr).not.toBe('');
    expect(stdout + stderr).not.toMatch(CONTROL);
  });

  test('of names of processes, in text and in JSON, which keeps them', async () => {
    const pages = new Map([[0x8000000 / 4096, PRESENT]]);
    const process = processFiles(7, {
      vmas: [{ start: 0x8000000, end: 0x8200000, name: `[anon:${STRAY}]`, sums: { Rss: 4, Referenced: 4 } }],
      pages,
      files: { cgroup: `0::/${STRAY}\n` },
    });
    const kernelRoot = kernelTree({ ...machineFiles(x86_64), ...process }).root;
    for (const line of [
      'predict -p 7 -v',
      'predict -p 7 -v --json',
      'explain -p 7 --address 8000000',
      'advise -p 7',
    ]) {
      const { code, stdout, stderr } = await thpscope(words(line), '', { kernelRoot });
      expect([line, code]).toEqual([line, 0]);
      expect(stdout + stderr).not.toMatch(CONTROL);
      if (line.includes('--json')) expect(JSON.parse(stdout).processes[0].cgroup).toBe(`/${STRAY}`);
    }
  });

  test('of what a module says and returns', async () => {
    const module = join(folder, 'stray.mjs');
    for (const body of [`throw new Error(${JSON.stringify(STRAY)})`, `return ${JSON.stringify(STRAY)}`]) {
      writeFileSync(module, `export default () => ({ collapse() { ${body} } })`);
      for (const json of [[], ['--json']]) {
        const args = ['verify', 'walk', module, '--pmd-order', '3', ...json];
        const { stdout, stderr } = await thpscope(args);
        expect(stdout + stderr).not.toBe('');
        expect(stdout + stderr).not.toMatch(CONTROL);
      }
    }
  });
});

test.each([
  ['predict /no/such/file', 5],
  ['predict', 2],
  ['predict --nothing', 2],
  ['digest /no/such/file -o x', 5],
])('a full stderr changes no exit code: %s', (line, code) => {
  const command = `${SHELL_COMMAND} ${line} 2>/dev/full`;
  expect(spawnSync('sh', ['-c', command]).status).toBe(code);
});
