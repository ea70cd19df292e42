import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, test } from 'vitest';

const FOLDERS = ['src', 'test', 'web', 'bench', 'scripts', 'docs', 'examples', 'kernel-lab', 'schemas'];

/** Words that point at documents which no reader of the repository has. */
const UNKNOWN_SOURCES = [
  /\b[Ss]pec(ification)? (\d|section|rounds)/,
  /\b[Tt]raps? \d/,
  /\b[Ii]ssue \d/,
  // A CollapsePlan is called "the plan", too; what it does is in the present tense.
  /\b([Tt]he plan (was|had|gave|asked|wanted|said)|from the plan)\b/,
  /\bas planned\b/,
];

const files = [
  ...readdirSync('.').filter((file) => file.endsWith('.md')),
  ...FOLDERS.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)),
  ),
].filter(
  (file) =>
    /\.(md|ts|tsx|mjs|js|c|h|sh|wat|css|html|json|jsonl)$/.test(file) && !file.includes('node_modules'),
);

/**
 * The text with line breaks, and the comment marks behind them, as spaces: sentences go on in the next line.
 */
function inOneLine(text: string): string {
  return text.replace(/\s*\n\s*(\*(?!\/)|\/\/|>)?\s*/g, ' ');
}

/**
 * The anchors that GitHub makes of a Markdown file: one for each heading, and those written as `<a
 * id="...">`.
 */
function anchorsOf(markdown: string): Set<string> {
  const anchors = new Set<string>();
  for (const line of markdown.replace(/^```[^]*?^```/gm, '').split('\n')) {
    for (const [, id] of line.matchAll(/<a id="([^"]+)">/g)) anchors.add(id);
    const heading = /^#+ (.*)$/.exec(line);
    if (!heading) continue;
    const words = heading[1]
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .trim()
      .toLowerCase();
    const slug = words.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
    let anchor = slug;
    for (let n = 1; anchors.has(anchor); n++) anchor = `${slug}-${n}`;
    anchors.add(anchor);
  }
  return anchors;
}

/** What is wrong with a link to this file and anchor; undefined if it leads somewhere. */
function brokenLink(path: string, anchor: string | undefined): string | undefined {
  if (!existsSync(path)) return `no file ${path}`;
  if (!anchor || statSync(path).isDirectory()) return undefined;
  return anchorsOf(readFileSync(path, 'utf8')).has(anchor) ? undefined : `no anchor ${path}#${anchor}`;
}

/** Citations and links of a text that lead nowhere. */
function brokenLinks(file: string, text: string): string[] {
  const cited = [...text.matchAll(/(?<![\w/.-])docs\/[\w/.-]+\.md(?:#([\w-]+))?/g)].map(([link, anchor]) =>
    brokenLink(link.split('#')[0], anchor),
  );
  const linked = !file.endsWith('.md')
    ? []
    : [...text.replace(/^```[^]*?^```/gm, '').matchAll(/\]\((?![a-z]+:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
        ([, path, anchor]) => brokenLink(path ? normalize(join(dirname(file), path)) : file, anchor),
      );
  return [...cited, ...linked].filter((broken) => broken !== undefined);
}

/**
 * What a Markdown text names in backticks by a path from its folder, the root or src, with or without `.ts`,
 * and that is not there. Paths that begin with no folder of ours are those of the kernel, of a machine or of
 * a package; so are `khugepaged/max_ptes_none` and its like, which are sysfs, and `dist/`, which is built.
 */
function missingFiles(file: string, text: string): string[] {
  const roots = [dirname(file), '.', 'src'];
  return [...text.matchAll(/`((?:[\w-]+\/)+[\w.-]*|[\w-]+\.tsx?)`/g)]
    .map(([, path]) => path)
    .filter((path) => !/^(dist\/|khugepaged\/\w+$)/.test(path))
    .filter((path) => !path.includes('/') || roots.some((root) => existsSync(join(root, path.split('/')[0]))))
    .filter(
      (path) => !roots.some((root) => existsSync(join(root, path)) || existsSync(join(root, `${path}.ts`))),
    )
    .map((path) => `no file ${path}`);
}

function unknownSources(text: string): string[] {
  return UNKNOWN_SOURCES.flatMap((words) => words.exec(inOneLine(text))?.[0] ?? []);
}

describe('what comments, tests and documents cite', () => {
  const self = 'test/docs/citations.test.ts';

  test('is there: every docs/FILE.md#anchor and every link between documents', () => {
    const broken = files
      .filter((file) => file !== self)
      .flatMap((file) => brokenLinks(file, readFileSync(file, 'utf8')).map((why) => `${file}: ${why}`));
    expect(broken).toEqual([]);
  });

  test('is there: every file that a README or a document names', () => {
    const missing = files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => missingFiles(file, readFileSync(file, 'utf8')).map((why) => `${file}: ${why}`));
    expect(missing).toEqual([]);
  });

  test('is in the repository: no numbers of other documents', () => {
    const found = files
      .filter((file) => file !== self && !file.startsWith('test/fixtures/'))
      .flatMap((file) => unknownSources(readFileSync(file, 'utf8')).map((words) => `${file}: "${words}"`));
    expect(found).toEqual([]);
  });

  test.each([
    ['src/a.ts', '/** Source: f, docs/khugepaged.md#none-rulez. */'],
    ['src/a.ts', '/** See docs/khugepage.md. */'],
    ['docs/a.md', 'as [here](#nowhere) and there'],
    ['docs/a.md', 'as [there](results.md#nowhere)'],
    ['docs/a.md', 'as [there](nowhere.md)'],
  ])('in %s, a dead link is noticed: %s', (file, text) => {
    expect(brokenLinks(file, text)).toHaveLength(1);
  });

  test.each([
    'spec 4.2',
    'Spec section 3',
    'spec rounds 4.1',
    'trap 12',
    'Issue 6',
    'The plan was',
    'as planned',
  ])('a comment that cites "%s" is noticed, also across lines', (words) => {
    expect(unknownSources(`/**\n * Source: f, ${words.replace(' ', '\n * ')}.\n */`)).toHaveLength(1);
  });
});
