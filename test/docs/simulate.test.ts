import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

const page = readFileSync('docs/simulate.md', 'utf8');
const examples = [...page.matchAll(/^```\n\$ thpscope (.*)\n([^`]*)```$/gm)].map(([, line, output]) => [
  line,
  output,
]);

test.each(examples)('docs/simulate.md shows what thpscope %s prints', async (line, output) => {
  expect((await thpscope(words(line))).stdout).toBe(output);
});

test('docs/simulate.md has two examples', () => expect(examples).toHaveLength(2));
