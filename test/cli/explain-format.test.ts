import { expect, test } from 'vitest';
import { thpscope, words } from '../support/thpscope.ts';

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
