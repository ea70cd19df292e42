import { expect, test } from 'vitest';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';

const RANGE = words('explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0');

test('--format json is --json, and text is what there is without', async () => {
  const [json, short, text, plain] = await Promise.all(
    [['--format', 'json'], ['--json'], ['--format', 'text'], []].map((flags) =>
      thpscope([...RANGE, ...flags]),
    ),
  );
  expect(json).toEqual(short);
  expect(text).toEqual(plain);
});

test('--format svg is one picture, with every step if asked to', async () => {
  const [folded, every] = await Promise.all(
    [[], ['-v']].map((flags) => thpscope([...RANGE, '--format', 'svg', ...flags])),
  );
  expect(folded.code).toBe(0);
  expect(folded.stdout).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>\n$/);
  expect(folded.stdout).toContain('>127-253</text>');
  expect(every.stdout).toContain('>253</text>');
});

const CREEPING = words('explain --pattern 0-2,4 --orders all --max-ptes-none 192');

test.each([[[]], [['--algorithm', 'examples/algorithms/no-skip-of-large-folios.js']]])(
  'says that a range creeps, under the search of the kernel and of a module: %j',
  async (search) => {
    const of = async (kernel: string, ...more: string[]) =>
      (await thpscope([...CREEPING, '--kernel', kernel, ...search, ...more])).stdout;
    expect(await of('scaled')).toContain(CREEPS);
    const json = JSON.parse(await of('scaled', '--json'));
    expectSchema('explain', json);
    expect(json.creep).toEqual([8]);
    // Linux 7.3 takes no such window.
    expect(JSON.parse(await of('linux-7.3', '--json')).creep).toBeUndefined();
  },
);

test.runIf(hasCompiler)('says so of a search in C', async () => {
  const search = ['--kernel', 'scaled', '--algorithm', 'examples/algorithms/walk.c'];
  expect((await thpscope([...CREEPING, ...search])).stdout).toContain(CREEPS);
});

const CREEPS = 'creeps, though nobody touches it: 5 -> 8 pages resident in 1 further pass\n';
