import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

/** What each page shows of a command: lines as they are printed; a line of … stands for those left out. */
const BLOCKS = ['README.md', 'docs/advice.md', 'docs/services.md'].flatMap((page) =>
  [...readFileSync(page, 'utf8').matchAll(/^```\n\$ npx thpscope (.*)\n([\s\S]*?)^```$/gm)].map(
    ([, line, shown]) => ({ page, line, shown }),
  ),
);

/** Pages show the version that they were last shown by. */
function withoutVersion(text: string): string {
  return text.replace(/; thpscope \d+\.\d+\.\d+$/gm, '; thpscope');
}

test('the README shows what predict, explain, advise and verify print', () => {
  const commands = BLOCKS.filter(({ page }) => page === 'README.md').map(({ line }) => line.split(' ')[0]);
  expect(commands).toEqual(expect.arrayContaining(['predict', 'explain', 'advise', 'verify']));
});

test.each(BLOCKS)('$page: $line', async ({ line, shown }) => {
  const { stdout, stderr } = await thpscope(words(line));
  expect(stderr).toBe('');
  let rest = `\n${withoutVersion(stdout)}`;
  for (const part of withoutVersion(shown)
    .split(/^ *…\n/m)
    .filter((each) => each !== '')) {
    const at = rest.indexOf(`\n${part}`);
    expect(at, `${part}\nis not in what is left:\n${rest}`).toBeGreaterThanOrEqual(0);
    rest = rest.slice(at + part.length);
  }
  // What is printed after the last line has to be shown, or told by a line of ….
  if (!/… *\n$/.test(shown)) expect(rest.trim()).toBe('');
});
