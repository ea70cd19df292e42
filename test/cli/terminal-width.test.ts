import { describe, expect, test } from 'vitest';
import { foldLines } from '../../src/render/text/layout/fold-lines.ts';
import { overruns } from '../support/overruns.ts';
import { thpscope, words } from '../support/thpscope.ts';

const LINES = [
  'predict examples/redis.parquet --policy default -v',
  'predict --pattern 4-7,12-27 --orders all --max-ptes-none 0 --restart',
  'explain --pattern 4-7,12-27 --orders 2-8 --max-ptes-none 0',
  'faults --vma 3-1024 --history w37,w101,r5,d0-511 --orders 2-9',
  'advise examples/programs/java.parquet --tlb 16K --kernel linux-7.3',
  'sweep examples/redis.parquet',
  'simulate go-heap --until 10m',
  'simulate --list',
  'diff examples/redis.parquet examples/redis.parquet --policy default -v',
  'verify walk examples/algorithms/right-before-left.js --pmd-order 3 --pattern 0,4 --orders 2 --max-ptes-none 7',
  'compare walk scaled examples/redis.parquet --orders all --max-ptes-none 255',
];

/** A text without its line breaks and indents. */
function joined(text: string): string {
  return text.replaceAll(/ \\\n/g, ' ').replaceAll(/\s+/g, ' ');
}

describe.each(LINES)('thpscope %s', (line) => {
  test('fits a terminal of 60 columns, and says the same there', async () => {
    const { stdout: whole } = await thpscope(words(line));
    expect(whole).not.toBe('');
    const { stdout } = await thpscope(words(line), '', { columns: 60 });
    expect(overruns(stdout, 60)).toEqual([]);
    expect(joined(stdout)).toBe(joined(whole));
    expect(overruns(foldLines(whole, 80), 80)).toEqual([]);
  });
});

test('JSON and CSV are as they are, however narrow the terminal', async () => {
  for (const line of [
    'predict examples/redis.parquet --json --totals',
    'sweep examples/redis.parquet -L orders 2M --csv',
    'advise examples/programs/java.parquet --format sh',
  ])
    expect((await thpscope(words(line), '', { columns: 60 })).stdout).toBe(
      (await thpscope(words(line))).stdout,
    );
});
