import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const GLOSSARY = 'docs/reference/glossary.md';
const WORDS = [...readFileSync(GLOSSARY, 'utf8').matchAll(/^\| <a id="([\w-]+)"><\/a>([^|]+) \|/gm)].map(
  ([, id, word]) => ({ id, word: word.trim() }),
);

/** Words of memory management that an operator cannot know, and how a page uses them. */
const TERMS: readonly (readonly [id: string, use: RegExp])[] = [
  ['mthp', /mTHP/],
  ['folio', /folios?\b/],
  ['order', /\b(orders? (\d|k\b)|(as|enabled|lower|larger|smaller) orders?\b)/],
  ['pmd-range', /PMD\sranges?\b/],
  ['later-pass', /later\spass(es)?\b/],
  ['tlb-entry', /TLB\sentr(y|ies)\b/],
];

/** What operators read; other pages are for people who know the kernel. */
const FOR_OPERATORS = [
  'README.md',
  ...['docs/start', 'docs/how-to'].flatMap((folder) => readdirSync(folder).map((name) => join(folder, name))),
  ...'advice apply diff fleet install library metrics page-walks report serve services simulate troubleshooting watch web'
    .split(' ')
    .map((name) => `docs/${name}.md`),
];

/** Where a term is explained on the page itself. */
const EXPLAINS = ['docs/start/concepts.md'];

/** The text with code, headings and where links lead as spaces: places stay what they are. */
function prose(text: string): string {
  const blank = (found: string) => found.replace(/[^\n]/g, ' ');
  return text
    .replace(/^```[\s\S]*?^```$/gm, blank)
    .replace(/`[^`]*`/g, blank)
    .replace(/^#.*$/gm, blank)
    .replace(/\]\([^)]*\)/g, (found) => `]${blank(found.slice(1))}`);
}

/** Terms whose first use on a page leads nowhere; a term in italics is a name that is being given. */
function unexplained(page: string, text: string): string[] {
  const said = prose(text);
  const linked = [...said.matchAll(/\[[^\]]*\]/g)].map(({ index, 0: { length } }) => [index, index + length]);
  return TERMS.flatMap(([id, use]) => {
    const first = use.exec(said);
    if (!first) return [];
    const { index } = first;
    const isName = said[index - 1] === '*' && said[index + first[0].length] === '*';
    const isLinked = linked.some(([start, end]) => start <= index && index < end);
    return isName || isLinked ? [] : [`${page}: ${first[0]} (${GLOSSARY}#${id})`];
  });
}

test('a term that only people of the kernel know is linked where a page first uses it', () => {
  const found = FOR_OPERATORS.filter((page) => !EXPLAINS.includes(page)).flatMap((page) =>
    unexplained(page, readFileSync(page, 'utf8')),
  );
  expect(found).toEqual([]);
});

test('a use without a link is noticed, and one in code is none', () => {
  expect(unexplained('a.md', 'some `folio`, and\na folio')).toHaveLength(1);
  expect(unexplained('a.md', 'a [folio](b.md), and a folio')).toEqual([]);
  expect(unexplained('a.md', 'every later\npass, then a [later pass](b.md)')).toHaveLength(1);
});

test('the glossary has these terms, each word once, in the order of the alphabet', () => {
  const ids = WORDS.map(({ id }) => id);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [id] of TERMS) expect(ids).toContain(id);
  const words = WORDS.map(({ word }) => word.toLowerCase());
  expect(words).toEqual([...words].sort((a, b) => a.localeCompare(b, 'en')));
});
