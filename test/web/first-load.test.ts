import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const LIMIT = 150_000;

/** A script of the build and all that it imports at once, by path. */
function scripts(path: string, found = new Map<string, string>()): Map<string, string> {
  if (found.has(path)) return found;
  const text = readFileSync(path, 'utf8');
  found.set(path, text);
  for (const [, name] of text.matchAll(/(?:from|import)\s*["`'](\.\/[^"`']+\.js)["`']/g))
    scripts(join(dirname(path), name), found);
  return found;
}

test('the first load, and the map with it, take less than 150 kB of compressed script', () => {
  const html = readFileSync('dist/web/index.html', 'utf8');
  const entry = /<script[^>]* src="([^"]+)"/.exec(html)?.[1];
  expect(entry).toBeDefined();
  const loaded = scripts(join('dist/web', entry ?? ''));
  const map = [
    ...(loaded.get(join('dist/web', entry ?? '')) ?? '').matchAll(
      /import\(\s*["`'](\.\/map-view[^"`']+)["`']/g,
    ),
  ];
  expect(map).toHaveLength(1);
  scripts(join('dist/web/assets', map[0][1]), loaded);
  expect(loaded.size).toBeGreaterThan(2);
  const bytes = [...loaded.values()].reduce((sum, text) => sum + gzipSync(text, { level: 9 }).length, 0);
  expect(bytes).toBeLessThan(LIMIT);
  // The worker that reads snapshots is among them.
  expect([...loaded.values()].some((text) => text.includes('groupChecksums'))).toBe(true);
});
