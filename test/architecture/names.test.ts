import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

/** Homonyms that are meant, with the reason. */
const ALLOWED: ReadonlyMap<string, string> = new Map([]);

const DECLARATION =
  /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(?:function\*?|class|interface|type|const|let|enum) (?!\{)(\w+)/gm;

/** The files of each exported declaration, by name; re-exports are no declarations. */
function declarations(files: ReadonlyMap<string, string>): Map<string, string[]> {
  const places = new Map<string, string[]>();
  for (const [path, text] of files) {
    const names = [...text.matchAll(DECLARATION)].map(([, name]) => name);
    // A constant and a type of one name in one file are one thing; so are the overloads of a function.
    for (const name of new Set(names)) places.set(name, [...(places.get(name) ?? []), path]);
  }
  return places;
}

function homonyms(files: ReadonlyMap<string, string>): string[] {
  return [...declarations(files)]
    .filter(([name, paths]) => paths.length > 1 && !ALLOWED.has(name))
    .map(([name, paths]) => `${name}: ${paths.join(', ')}`);
}

function sources(...folders: string[]): Map<string, string> {
  const root = join(import.meta.dirname, '../..');
  return new Map(
    folders
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' }).map((name) =>
          join(folder, name),
        ),
      )
      .filter((path) => /\.tsx?$/.test(path))
      .map((path) => [path, readFileSync(join(root, path), 'utf8')]),
  );
}

test('a name that is exported means one thing in src and web', () => {
  const files = sources('src', 'web');
  expect(declarations(files).size).toBeGreaterThan(1000);
  expect(homonyms(files)).toEqual([]);
});

test.each([
  ['export function order() {}', 'export const order = 2;'],
  ['export interface Case {}', 'export type Case = string;'],
  ['export async function* each() {}', 'export class each {}'],
])('%s and %s elsewhere are found', (a, b) => {
  const name = /order|Case|each/.exec(a)?.[0];
  expect(
    homonyms(
      new Map([
        ['a.ts', a],
        ['b.ts', b],
      ]),
    ),
  ).toEqual([`${name}: a.ts, b.ts`]);
});

test('re-exports, and a constant with its type, are no homonyms', () => {
  const files = new Map([
    ['a.ts', 'export const MODES = [1];\nexport type MODES = number;'],
    ['b.ts', "export { MODES } from './a.ts';\nexport type { Other } from './c.ts';"],
  ]);
  expect(homonyms(files)).toEqual([]);
});
