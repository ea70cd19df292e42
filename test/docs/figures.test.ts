import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { expect, test } from 'vitest';
import { formatBytes } from '../../src/core/base/bytes.ts';
import { orderBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder, MIN_ANON_ORDER } from '../../src/core/memory/order.ts';
import { markdownPages } from '../support/markdown-pages.ts';

const SELF = 'test/docs/figures.test.ts';

/** Tables of figures that a test holds, by page and heading. */
const COMPUTED: Record<string, string> = {
  'README.md > thpscope': 'test/docs/blocks.test.ts',
  'docs/advice.md > Six real programs': 'test/docs/advice.test.ts',
  'docs/creep.md > scaled': 'test/verify/creep.test.ts',
  'docs/creep.md > capped': 'test/verify/creep.test.ts',
  'docs/fidelity.md > Wrong models': 'test/conform/corpus.test.ts',
  'docs/reference/grammars.md > SET': 'test/docs/grammars.test.ts',
  'docs/start/concepts.md > Page, folio, order': SELF,
};

/** Rules of the kernel, which the page states with their sources. */
const RULES = ['Terms', 'Progress', 'Sysfs'].map((heading) => `docs/khugepaged.md > ${heading}`);

interface Table {
  /** Page and nearest heading. */
  readonly place: string;
  /** The text of its section up to the table, which says how it was measured. */
  readonly above: string;
  readonly cells: readonly string[];
}

function tablesOf(page: string, text: string): Table[] {
  const tables: Table[] = [];
  let [heading, above, rows, fenced] = ['', '', [] as string[], false];
  for (const line of [...text.split('\n'), '']) {
    if (line.startsWith('```')) fenced = !fenced;
    if (!fenced && line.startsWith('|')) {
      rows.push(line);
      continue;
    }
    if (rows.length > 2) {
      // Of a row all but the first cell, which says what the row is about.
      const cells = rows.slice(2).flatMap((row) => row.split(/(?<!\\)\|/).slice(2, -1));
      tables.push({ place: `${page} > ${heading}`, above, cells: cells.map((cell) => cell.trim()) });
      rows = [];
    }
    if (!fenced && /^#+ /.test(line)) [heading, above] = [line.replace(/^#+ /, ''), ''];
    else above += `${line}\n`;
  }
  return tables;
}

/** A number, with or without a unit, or several of them. */
const FIGURE = /^[*+-]*\d[\d.,]*\s?[%a-zA-Zµ]{0,3}\b/;

function hasFigures({ cells }: Table): boolean {
  return cells.filter((cell) => FIGURE.test(cell)).length * 2 > cells.length;
}

const TABLES = markdownPages()
  .filter((page) => page !== 'CHANGELOG.md')
  .flatMap((page) => tablesOf(page, readFileSync(page, 'utf8')))
  .filter(hasFigures);

test('a table of figures stands below the day on which it was measured, or a test holds it', () => {
  const undated = TABLES.filter(({ above }) => !/\b20\d\d-\d\d-\d\d\b/.test(above)).map(({ place }) => place);
  expect(undated.sort()).toEqual([...Object.keys(COMPUTED), ...RULES].sort());
});

/** A time that is too short for anything but a measurement: settings are in seconds. */
const SHORT_TIME = /(?<![\w-])\d[\d.,]* ?(ms|µs|us|ns)\b/;

test('a section that says milliseconds in prose says when they were measured', () => {
  const undated = markdownPages()
    .filter((page) => /^(README|docs\/(?!decisions|khugepaged|reference))/.test(page))
    .flatMap((page) =>
      readFileSync(page, 'utf8')
        .replaceAll(/^```[\s\S]*?^```$|`[^`]*`/gm, '')
        .split(/^#+ /m)
        .filter((section) => SHORT_TIME.test(section) && !/\b20\d\d-\d\d-\d\d\b/.test(section))
        .map((section) => `${page} > ${section.split('\n')[0]}`),
    );
  expect(undated).toEqual([]);
});

test('tests that hold tables are there, and read these pages', () => {
  for (const [place, file] of Object.entries(COMPUTED))
    expect(readFileSync(file, 'utf8'), place).toContain(basename(place.split(' > ')[0]));
});

test.each([
  ['| a | took |\n|---|---|\n| b | 12 ms |', 1],
  ['On 2026-11-27:\n\n| a | took |\n|---|---|\n| b | 12 ms |', 1],
  ['| a | is |\n|---|---|\n| b | a word |', 0],
])('figures are told from words: %s', (text, tables) => {
  expect(tablesOf('a.md', text).filter(hasFigures)).toHaveLength(tables);
});

test('docs/start/concepts.md has the sizes of folios', () => {
  const rows = readFileSync('docs/start/concepts.md', 'utf8').match(/^\| \d\S*( to \d)? \| \d+[KM].*$/gm);
  const size = (order: number) => formatBytes(orderBytes(asOrder(order), x86_64));
  const [first, last, pmd] = [MIN_ANON_ORDER, asOrder(x86_64.pmdOrder - 1), asOrder(x86_64.pmdOrder)];
  expect(rows?.map((row) => row.split(' | ').slice(0, 3).join(' | '))).toEqual([
    `| 0 | ${size(0)} | 1`,
    `| ${first} to ${last} | ${size(first)} to ${size(last)} | ${2 ** first} to ${2 ** last}`,
    `| ${pmd} | ${size(pmd)} | ${2 ** pmd}`,
  ]);
});
