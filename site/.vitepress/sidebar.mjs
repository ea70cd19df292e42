// The table of contents beside every page: docs/README.md as a tree. Titles are those of the pages.
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');

/** A section of links to pages of the repository. */
function section(text, pages, collapsed = true) {
  return { text, collapsed, items: pages.map((page) => (typeof page === 'string' ? item(page) : page)) };
}

function item(path) {
  const title =
    readFileSync(join(ROOT, path), 'utf8')
      .match(/^# (.*)$/m)?.[1]
      .replaceAll('`', '') ?? path;
  return { text: title.replace(/^thpscope(?: |\/)/, ''), link: linkTo(path) };
}

function linkTo(path) {
  return path.startsWith('docs/')
    ? `/${path.slice(5)}`.replace(/README\.md$/, '').replace(/\.md$/, '')
    : otherLink(path);
}

/** Pages outside of docs: those of a folder below /code, those of the root beside docs. */
export function otherLink(path) {
  const page = path.replace(/README\.md$/, '').replace(/\.md$/, '');
  return path.includes('/') ? `/code/${page}` : `/${page}`;
}

function pagesOf(folder) {
  return readdirSync(join(ROOT, folder))
    .filter((name) => name.endsWith('.md') && name !== 'README.md')
    .sort()
    .map((name) => join(folder, name));
}

const docs = (...names) => names.map((name) => `docs/${name}.md`);

export const sidebar = [
  section(
    'Start',
    docs(
      'start/what',
      'install',
      'start/first-prediction',
      'start/from-recording-to-setting',
      'start/concepts',
    ),
    false,
  ),
  section('How to', [
    ...pagesOf('docs/how-to'),
    ...docs(
      'advice',
      'services',
      'fleet',
      'apply',
      'diff',
      'watch',
      'simulate',
      'serve',
      'report',
      'metrics',
      'verify',
      'library',
    ),
  ]),
  section('Reference', [
    section('Commands', ['docs/reference/commands/README.md', ...pagesOf('docs/reference/commands')]),
    section('JSON', ['docs/reference/json/README.md', ...pagesOf('docs/reference/json')]),
    ...pagesOf('docs/reference'),
    ...docs('results', 'web'),
    'src/snapshot/README.md',
  ]),
  section(
    'Explanation',
    docs('khugepaged', 'creep', 'fidelity', 'digest', 'page-walks', 'thread', 'performance'),
  ),
  section('Troubleshooting', ['docs/troubleshooting.md'], false),
  section('Project', [
    'CHANGELOG.md',
    'CONTRIBUTING.md',
    'SECURITY.md',
    ...docs('architecture', 'dependencies', 'decisions/README'),
  ]),
];
