import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { actionAfter, SCAN_RESULTS, traceString } from '../../src/core/rules/scan-result.ts';
import { RESULT_MEANINGS } from '../../src/render/words/explain/reasons.ts';

const THEN = {
  'next-offset': 'goes on after the window',
  'next-order': 'tries the halves of the window',
  stop: 'ends the search',
};

test('docs/results.md lists every result as the code has it', () => {
  const rows = SCAN_RESULTS.map(
    (result, number) =>
      `| ${number} | ${result} | ${traceString(result)} | ${RESULT_MEANINGS[result]} | ${THEN[actionAfter(result)]} |`,
  );
  const table = readFileSync('docs/results.md', 'utf8')
    .split('\n')
    .filter((line) => /^\| \d/.test(line));
  expect(table).toEqual(rows);
});
