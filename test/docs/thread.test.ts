import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROVED_PMD_ORDERS } from '../../src/verify/proof/proving.ts';
import { thpscope, words } from '../support/thpscope.ts';
import { hasCompiler } from '../support/verify/compiler.ts';
import { WRONG_MODULES } from '../verify/algorithms.ts';

const text = readFileSync('docs/thread.md', 'utf8');
const blocks = [...text.matchAll(/^```\n\$ thpscope (.*)\n([\s\S]*?)^```$/gm)].map(([, line, output]) => ({
  line,
  output,
}));
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

test('the proof of the first answer has the figures of the prover, one state a window and one for the end', () => {
  const first = blocks[0];
  expect(first.line).toBe('verify walk stack');
  const rows = [...first.output.matchAll(/^ +(\d+) +([\d,]+) +([\d,]+)$/gm)].map(([, ...cells]) =>
    cells.map((cell) => Number(cell.replaceAll(',', ''))),
  );
  expect(rows.map(([pmdOrder]) => pmdOrder)).toEqual(PROVED_PMD_ORDERS);
  for (const [pmdOrder, sets, states] of rows) {
    let expected = 2 ** (pmdOrder - 1) + 1; // an end for each set, and the window of the empty one
    for (let lowest = 2; lowest <= pmdOrder; lowest++) {
      expected += 2 ** (pmdOrder - lowest) * (2 ** (pmdOrder - lowest + 1) - 1);
    }
    expect([sets, states]).toEqual([2 ** (pmdOrder - 1), expected]);
  }
});

test('and is what the command prints, but for what takes long', async () => {
  for (const pmdOrder of [5, 9]) {
    const { stdout, code } = await thpscope(words(`${blocks[0].line} --pmd-order ${pmdOrder}`));
    expect(code).toBe(0);
    const [claim] = blocks[0].output
      .replace('PMD\norders 5, 9, 11 and 13', `PMD order ${pmdOrder}`)
      .split('\n\n');
    expect(stdout.split('\n\n')[0].split(/\s+/)).toEqual(claim.split(/\s+/));
    const [row] = new RegExp(`^ +${pmdOrder} .*$`, 'm').exec(blocks[0].output) ?? [];
    expect(stdout.replace(/ +/g, ' ')).toContain(row?.replace(/ +/g, ' '));
  }
});
