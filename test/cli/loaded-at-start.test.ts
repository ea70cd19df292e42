import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const IMPORT = /^(?:import|export) (type )?[^;'"]*?from '([^']+)';/gm;

/** What a module loads at once: files by their path, packages by their name. */
function loadedBy(path: string): string[] {
  const imports = [...readFileSync(path, 'utf8').matchAll(IMPORT)].filter(([, isType]) => !isType);
  return imports.map(([, , from]) => (from.startsWith('.') ? join(dirname(path), from) : from));
}

/** All that is loaded before a command runs. */
function loadedAtStart(): string[] {
  const loaded = new Set<string>();
  const waiting = ['src/cli/start.ts'];
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (loaded.has(path)) continue;
    loaded.add(path);
    if (path.endsWith('.ts')) waiting.push(...loadedBy(path));
  }
  return [...loaded];
}

test('no room is loaded before a command runs, only modules that import nothing', () => {
  const rooms = loadedAtStart().filter((path) => path.startsWith('src/') && !path.startsWith('src/cli/'));
  expect(rooms).toContain('src/core/rules/kernel-names.ts');
  expect(rooms.filter((path) => loadedBy(path).length > 0)).toEqual([]);
});

test('no work of a command is loaded before it runs, and no package but stricli', () => {
  const loaded = loadedAtStart();
  expect(loaded).toContain('src/cli/predict/command.ts');
  expect(loaded.filter((path) => /^src\/cli\/.+\/run\.ts$/.test(path))).toEqual([]);
  const packages = loaded.filter((path) => !path.startsWith('src/') && !path.startsWith('node:'));
  expect(packages).toEqual(['@stricli/core']);
});
