import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';

const SCRIPTS = ['bench', 'scripts'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.mjs'))
    .map((name) => join(folder, name)),
);

/** What a script imports from the build: the source of each module, and the names. */
function importsOf(script: string): { source: string; names: string[] }[] {
  const found = readFileSync(script, 'utf8').matchAll(/import \{([^}]+)\} from '\.\.\/build\/(.+)\.js'/g);
  return [...found].map(([, names, path]) => ({
    source: resolve('src', `${path}.ts`),
    names: names.split(',').flatMap((name) => name.trim().split(' as ')[0] || []),
  }));
}

test.each(SCRIPTS.filter((script) => importsOf(script).length > 0))(
  'what %s imports from the build is there',
  async (script) => {
    for (const { source, names } of importsOf(script)) {
      const there = Object.keys(await import(source));
      expect(there).toEqual(expect.arrayContaining(names));
    }
  },
);
