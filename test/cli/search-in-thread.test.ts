import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

import { DEADLINES } from '../../src/cli/shared/search/deadline.ts';
import { thpscope } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-searches-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SCENARIO = ['simulate', 'go-heap', '--orders', 'all', '--max-ptes-none', '0'];
const simulated = (algorithm: string, ...more: string[]) =>
  thpscope([...SCENARIO, '--algorithm', algorithm, ...more]);

/** The answer but for the name of the algorithm. */
const answerOf = ({ stdout }: { stdout: string }) => ({ ...JSON.parse(stdout), algorithm: undefined });

function moduleOf(name: string, body: string): string {
  const path = join(folder, `${name}.js`);
  writeFileSync(path, `export default { collapse(range, policy, attempt) { ${body} } };\n`);
  return path;
}

describe('simulate --algorithm', () => {
  test('a module that does as the kernel does changes nothing, and is named', async () => {
    const walk = join(folder, 'walk.js');
    expect((await thpscope(['verify', '--new', walk])).code).toBe(0);
    const [own, text, plain] = await Promise.all([
      simulated(walk, '--json'),
      simulated(walk),
      thpscope([...SCENARIO, '--json']),
    ]);
    expect(plain.code).toBe(0);
    expect(JSON.parse(own.stdout).algorithm).toBe(walk);
    expect(JSON.parse(plain.stdout).algorithm).toBe('walk');
    expect(answerOf(own)).toEqual(answerOf(plain));
    expect(text.stdout).toContain(`searched by ${walk} in place of walk`);
  });

  test.runIf(hasCompiler)('so does one in C, of which nothing stays', async () => {
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('thpscope-simulate-'));
    const [own, plain] = [
      await simulated('examples/algorithms/walk.c', '--json'),
      await thpscope([...SCENARIO, '--json']),
    ];
    expect(own.stderr).toBe('');
    expect(answerOf(own)).toEqual(answerOf(plain));
    expect(folders()).toEqual([]);
  });

  test('another one does something else', async () => {
    const never = moduleOf('never', "return 'SCAN_FAIL';");
    const [own, plain] = await Promise.all([simulated(never, '--json'), thpscope([...SCENARIO, '--json'])]);
    expect(JSON.parse(plain.stdout).summary.collapsed).not.toEqual({});
    expect(answerOf(own)).not.toEqual(answerOf(plain));
  });

  test.each([
    ['throws', "throw new TypeError('no');", ' throws TypeError: no'],
    ['ends', 'process.exit(0);', ' throws Error: it ended the process'],
    ['loops', 'for (;;);', ' does not come back'],
    ['returns-junk', 'return 5;', ' returns 5, which is no result'],
    ['throws-null', 'throw null;', ' throws null'],
    ['returns-a-promise', 'return Promise.resolve();', ' returns [object Promise], which is no result'],
    [
      'attempts-nothing',
      "attempt(5); return 'SCAN_FAIL';",
      ' calls attempt with no list of windows; write attempt([{ offset, order }])',
    ],
    [
      'no-window',
      "attempt([{ offset: 1, order: 2 }]); return 'SCAN_FAIL';",
      ' attempts 1:2, which is not aligned',
    ],
  ])('names a module that %s, as explain and compare do', async (name, body, message) => {
    const path = moduleOf(name, body);
    const commands = [
      [...SCENARIO, '--algorithm', path],
      ['explain', '--pattern', 'all', '--orders', 'all', '--max-ptes-none', '0', '--algorithm', path],
      ['compare', 'walk', path, 'examples/redis.parquet', '--orders', 'all', '--json'],
    ];
    for (const command of commands) {
      // Nothing else that is done here comes near to a second.
      const run = await thpscope(command, '', { deadlines: { ...DEADLINES, step: 1_000 } });
      expect(run).toEqual({ code: 5, stdout: '', stderr: `thpscope: ${path}${message}\n` });
    }
  });

  test('a module that eats memory is ended before the machine has none, in a sentence', async () => {
    const path = moduleOf('eats', 'const eaten = []; for (;;) eaten.push(new Array(100000).fill(0));');
    // So long that the memory it may have is gone before, however slow the machine is.
    const deadlines = { ...DEADLINES, step: 120_000, silence: 120_000 };
    const run = await thpscope(['explain', '--pattern', 'all', '--algorithm', path], '', { deadlines });
    const message = `${path} takes more than 256 MB of memory`;
    expect(run).toEqual({ code: 5, stdout: '', stderr: `thpscope: ${message}\n` });
  });

  test('a module brings its own scan to explain and compare', async () => {
    const path = join(folder, 'scans.js');
    writeFileSync(
      path,
      `export default (kit) => ({
        scan: (range, policy) => ({ ...kit.scanRange(range, policy), result: 'SCAN_PAGE_LRU' }),
        collapse: () => 'SCAN_FAIL',
      });`,
    );
    const explained = await thpscope(['explain', '--pattern', 'all', '--algorithm', path, '--json']);
    expect(JSON.parse(explained.stdout)).toMatchObject({ scan: 'SCAN_PAGE_LRU', result: 'SCAN_PAGE_LRU' });
    const compared = await thpscope(['compare', path, path, 'examples/redis.parquet', '--orders', 'all']);
    expect(compared).toMatchObject({ code: 0, stderr: '' });
  });

  test('what a module prints goes to stderr', async () => {
    const path = moduleOf('talks', "console.log('looked'); return 'SCAN_FAIL';");
    const run = await simulated(path, '--json');
    expect(JSON.parse(run.stdout).algorithm).toBe(path);
    expect(run.stderr).toMatch(/^(looked\n)+$/);
  });

  test('a file that is not there is refused', async () => {
    expect(await simulated('nowhere.js')).toMatchObject({ code: 2, stdout: '' });
  });
});

test('conform refuses an algorithm before anything is booted', async () => {
  const broken = join(folder, 'broken.js');
  writeFileSync(broken, 'export default 1;\n');
  const run = await thpscope(['conform', '--algorithm', broken]);
  expect(run).toMatchObject({ code: 5, stdout: '' });
  expect(run.stderr).toContain(`${broken}: exports no algorithm`);
  const fault = await thpscope(['conform', '--suite', 'fault', '--algorithm', 'walk']);
  expect(fault).toMatchObject({ code: 2, stdout: '' });
  expect(fault.stderr).toContain('--suite fault asks about no search');
});
