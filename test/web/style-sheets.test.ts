import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { expect, test } from 'vitest';

/** What is loaded at first, and holds everywhere by intent. */
const SHELL = ['style.css', 'header.css', 'live.css', 'sortable-table.css'];

/** Rules of a style sheet: what they are about. */
function selectorsOf(path: string): string[] {
  const text = readFileSync(path, 'utf8').replaceAll(/\/\*.*?\*\//gs, '');
  return [...text.matchAll(/([^{}]+)\{/g)].flatMap(([, list]) => list.split(',').map((each) => each.trim()));
}

test('no class is styled by itself in two sheets: once loaded, the sheet of a view holds for all others', () => {
  const sheets = readdirSync('web', { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.css'))
    .map((path) => join('web', path));
  expect(sheets.length).toBeGreaterThan(8);
  const places = new Map<string, Set<string>>();
  for (const path of sheets)
    for (const selector of selectorsOf(path)) {
      const name = /^\.([\w-]+)(?::[\w-]+)?$/.exec(selector)?.[1];
      if (name) places.set(name, new Set([...(places.get(name) ?? []), basename(path)]));
    }
  const shared = [...places]
    .filter(([, of]) => of.size > 1 && [...of].some((sheet) => !SHELL.includes(sheet)))
    .map(([name, of]) => [name, ...of]);
  expect(shared).toEqual([]);
});
