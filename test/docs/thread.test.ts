import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';
import { WRONG_MODULES } from '../verify/algorithms.ts';

const text = readFileSync('docs/thread.md', 'utf8');
const blocks = [...text.matchAll(/^```\n\$ npx thpscope (.*)\n([\s\S]*?)^```$/gm)].map(
  ([, line, output]) => ({
    line,
    output,
  }),
);
/** Those that show one case; the others take long, and test/verify holds their figures. */
const cases = blocks.filter(({ line }) => line.includes('--pattern'));

/** As the page shows it: without the lines that repeat the case as a command. */
function shown(output: string): string {
  return output
    .replace(/^(again: |case: |found after ).*\n/gm, '')
    .replace(/[ ]+$/gm, '')
    .replace(/\n{3,}/g, '\n\n')
    .trim();
}

test('every mistake of the thread and every difference of rounds has its case', () => {
  for (const name of WRONG_MODULES) {
    expect(cases.some(({ line }) => line.startsWith(`verify walk examples/algorithms/${name}.js`))).toBe(
      true,
    );
  }
  expect(cases.filter(({ line }) => line.startsWith('verify walk rounds'))).toHaveLength(5);
});

/** A compiler is not everywhere. */
const runnable = cases.filter(({ line }) => hasCompiler || !/\.c /.test(line));

test.each(runnable)('$line', async ({ line, output }) => {
  const { stdout, stderr } = await thpscope(words(line));
  expect(stderr).toBe('');
  expect(shown(stdout)).toBe(shown(output));
});
