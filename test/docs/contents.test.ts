import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { expect, test } from 'vitest';

/** The pages that a page links to. */
function linked(page: string): string[] {
  const links = readFileSync(page, 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)/g);
  return [...links].map(([, path]) => {
    const to = normalize(join(dirname(page), path));
    return to.endsWith('.md') ? to : join(to, 'README.md');
  });
}

test('every page of docs is found from its table of contents, or from the table of a folder', () => {
  const contents = ['docs', 'docs/reference/commands', 'docs/reference/json', 'docs/decisions'];
  const found = new Set(contents.flatMap((folder) => linked(join(folder, 'README.md'))));
  const pages = readdirSync('docs', { recursive: true, encoding: 'utf8' })
    // Pages of schemas come with them: the site lists them, and schemas/ does.
    .filter((name) => /^(?!reference\/json\/).*\.md$/.test(name) && name !== 'README.md')
    .map((name) => join('docs', name));
  expect(pages.filter((page) => !found.has(page))).toEqual([]);
});
