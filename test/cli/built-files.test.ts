import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { basename } from 'node:path';
import { expect, test } from 'vitest';

const text = (name: string) => readFileSync(`dist/cli/${name}`, 'utf8');

/** What a built file requires at once; what is loaded later it asks for in a function. */
function requiredBy(name: string): string[] {
  const required = text(name).matchAll(/^(?:(?:const|let) \w+ = )?require\("([^"]+)"\)/gm);
  return [...required]
    .map(([, from]) => from)
    .filter((from) => !builtinModules.includes(from.slice('node:'.length)));
}

test('the command line starts with one file, which requires what the bundler adds to modules and what is in Node', () => {
  expect(requiredBy('main.js')).toEqual(['../../scripts/require-node.cjs']);
  const [, start] = /=> require\("\.\/([^"]+)"\)/.exec(text('main.js')) ?? [];
  expect(requiredBy(start)).toEqual(['./rolldown-runtime.js']);
  expect(requiredBy('rolldown-runtime.js')).toEqual([]);
});

test('no file requires one that requires it, through others too', () => {
  const done = new Set<string>();
  const visit = (name: string, path: readonly string[]) => {
    expect(path, 'a circle').not.toContain(name);
    if (done.has(name)) return;
    for (const from of requiredBy(name)) if (from.startsWith('./')) visit(basename(from), [...path, name]);
    done.add(name);
  };
  const names = readdirSync('dist/cli').filter((name) => name.endsWith('.js'));
  for (const name of names) visit(name, []);
  expect(done.size).toBeGreaterThan(30);
});

test('predict without a file loads neither what checks JSON nor what reads Parquet', () => {
  const loaded = new Set(['run-predict.js']);
  // A set hands out what is added to it meanwhile.
  for (const name of loaded)
    for (const from of requiredBy(name)) if (from.startsWith('./')) loaded.add(basename(from));
  expect([...loaded]).toContain('core.js');
  for (const late of ['zod.js', 'hyparquet.js', 'hyparquet-writer.js', 'linux.js']) {
    expect(readdirSync('dist/cli')).toContain(late);
    expect([...loaded]).not.toContain(late);
  }
});
