import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { markdownPages } from '../support/markdown-pages.ts';

/** Words that say less than others, or the opposite of what is meant, and what to write in their place. */
const PHRASES: readonly (readonly [RegExp, string])[] = [
  [/—/, 'a full stop or a colon'],
  [/\bbehind the (window|size|others?)\b/, 'after'],
  [/\b(came|comes|come) by\b(?! its)/, 'has run'],
  [/\b(goes|go|went) round\b/, 'completes a full scan'],
  [/\bstops? to (descend|look|try)\b/, 'stops descending'],
  [/\bgrows by nothing\b/, 'does not grow'],
  [/\b(for|after|over|in) so long\b/, 'how long, or for a time'],
  [/\b(simply|easily|obviously|of course|basically)\b/i, 'nothing'],
  [/\bunder [^.;]{0,40} stands\b/i, 'shows'],
];
/** Code and output, whose words have tests of their own. */
const CODE = /`[^`\n]*`|^```[\s\S]*?^```$/gm;

const SAID = [
  ...markdownPages().filter((page) => page !== 'CHANGELOG.md' && !page.startsWith('docs/decisions/')),
  ...readdirSync('src/cli', { recursive: true, encoding: 'utf8' })
    .filter((name) => /command\.ts$|flags?\.ts$/.test(name))
    .map((name) => join('src/cli', name)),
];

test('reasons that a page names are those that are printed', () => {
  const page = readFileSync('docs/how-to/why-not-huge.md', 'utf8');
  const [, rows] = /^\| it says \| do \|\n\|---\|---\|\n((?:\|.*\n)+)/m.exec(page) ?? [];
  const reasons = rows
    .trimEnd()
    .split('\n')
    .map((row) => row.split(' | ')[0].slice('| '.length));
  expect(reasons.length).toBeGreaterThan(7);
  const printed = ['src/render/words/explain/reasons.ts', 'src/core/rules/vma.ts'].map((path) =>
    readFileSync(path, 'utf8'),
  );
  for (const reason of reasons)
    expect(
      printed.some((text) => text.includes(reason)),
      reason,
    ).toBe(true);
});

test('pages and help say it in words that mean one thing', () => {
  const found = SAID.flatMap((path) => {
    const text = readFileSync(path, 'utf8').replace(CODE, '');
    return PHRASES.flatMap(([phrase, better]) =>
      [...text.matchAll(new RegExp(phrase, `${phrase.flags}g`))].map(
        ([words]) => `${path}: ${words} (write ${better})`,
      ),
    );
  });
  expect(found).toEqual([]);
});
