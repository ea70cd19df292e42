import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { fieldRows } from '../../scripts/schema-fields.mjs';
import { expectSchema } from '../support/schemas.ts';
import { thpscope, words } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-json-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SCHEMAS = readdirSync('schemas');

test.each(SCHEMAS)('every field of %s says what it is', (file) => {
  const rows = fieldRows(JSON.parse(readFileSync(join('schemas', file), 'utf8')));
  expect(rows.length).toBeGreaterThan(2);
  expect(rows.filter(({ what }) => what === '' || what.startsWith('; ')).map(({ path }) => path)).toEqual([]);
});

/** Units by the end of a name that a description may not gainsay. */
const WRONG_WORDS = [
  [/Pages$/, /^(bytes|kilobytes)\b/i],
  [/Bytes$/, /\b(base )?pages\b/i],
  [/Ns$/, /\b(seconds|milliseconds)\b/i],
  [/Ms$|[mM]illis(ecs)?$/, /\bnanoseconds\b/i],
] as const;

test('what a number is called and what is said of it have one unit', () => {
  for (const file of SCHEMAS)
    for (const { path, what } of fieldRows(JSON.parse(readFileSync(join('schemas', file), 'utf8'))))
      for (const [ending, wrong] of WRONG_WORDS)
        if (ending.test(path.replace('?', ''))) expect(what, `${file}: ${path}`).not.toMatch(wrong);
});

/** What is printed as `schema` in src, and has no form of its own: files that thpscope keeps for itself. */
const INTERNAL = ['thpscope/applied@1'];

test('every form that is printed has a schema', () => {
  const titles = SCHEMAS.map((file) => JSON.parse(readFileSync(join('schemas', file), 'utf8')).title);
  const printed = ['src/cli', 'src/render/json'].flatMap((room) =>
    readdirSync(room, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) => readFileSync(join(room, name), 'utf8').match(/thpscope\/[a-z-]+@\d+/g) ?? []),
  );
  expect(printed.length).toBeGreaterThan(15);
  expect([...new Set(printed)].filter((form) => !titles.includes(form) && !INTERNAL.includes(form))).toEqual(
    [],
  );
});

test.each([
  ['capture', `capture -p ${process.pid} -o ${join(folder, 'a.parquet')} --json`],
  ['digested', `digest examples/redis.parquet -o ${join(folder, 'a.digest.json')} --json`],
  ['report', `report examples/redis.parquet -o ${join(folder, 'a.html')} --json`],
  ['scenarios', 'simulate --list --json'],
] as const)('%s is what %s prints', async (name, line) => {
  const { stdout, code } = await thpscope(words(line));
  expect(code).toBe(0);
  expectSchema(name, JSON.parse(stdout));
});
