import { describe, expect, test } from 'vitest';
import { spawnThpscope, thpscope, words } from '../support/thpscope.ts';

/** Lines that end in each of the ways a command can end, and what they read on stdin. */
const LINES: [line: string, code: number, input?: string][] = [
  ['--version', 0],
  ['predict --help', 0],
  ['predict --pattern 0-15 --orders all --max-ptes-none 0 --json', 0],
  ['predict --ranges - --orders all', 0, '{"present":"0-15"}\n'],
  ['predict examples/redis.parquet --policy default', 0],
  ['explain --pattern 0-15 --orders all --color always', 0],
  ['compare walk scaled examples/redis.parquet --orders all --max-ptes-none 255', 1],
  ['predict --patern 0-15', 2],
  ['predikt', 2],
  ['predict --pattern 5-3 --orders all', 2],
  ['predict /no/such/file', 5],
  ['sweep examples/redis.parquet -L orders 4,9 -L max-ptes-none 0 --csv', 0],
  ['__complete predict --kernel linux-7', 0],
];

// The other tests of commands run them in their own process: this holds that to be the same.
describe('a process of its own says and ends as the command line here does', () => {
  test.each(LINES)('%s', async (line, code, input = '') => {
    const [own, here] = await Promise.all([spawnThpscope(words(line), input), thpscope(words(line), input)]);
    expect(here).toEqual(own);
    expect(own.code).toBe(code);
    expect(own.stdout + own.stderr).not.toBe('');
  });
});
