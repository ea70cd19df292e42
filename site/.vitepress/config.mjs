// The documentation site: every Markdown page of the repository, as it is read on GitHub too. `npm run docs` serves it,
// `npm run docs:build` writes it to build/site. It asks no other host for anything.
import { copyFileSync, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { defineConfig } from 'vitepress';
import { otherLink, sidebar } from './sidebar.mjs';
import { slug } from './slug.mjs';

const ROOT = resolve(import.meta.dirname, '../..');
const DEMO = join(ROOT, 'dist/web/thpscope.html');
const SOURCES = `${JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')).homepage.split('#')[0]}/blob/main/`;

/**
 * Where a page of the repository is on the site: docs/serve.md is /serve, a README the page of its folder, and what is
 * not below docs lies below /code, but for the pages of the root.
 */
function pageOf(path) {
  if (path === 'README.md') return 'readme.md';
  const page = path.startsWith('docs/')
    ? path.slice(5)
    : otherLink(path)
        .slice(1)
        .replace(/([^/])$/, '$1.md');
  return page.replace(/(^|\/)(README\.md)?$/, '$1index.md');
}

/** What a link of the file `from` becomes on the site: a page, or the file on GitHub. A link to nothing ends the build. */
function linkOf(href, from) {
  if (/^([a-z]+:|#|\/)/.test(href)) return href;
  const [path, anchor = ''] = href.split(/(?=#)/);
  const target = relative(ROOT, resolve(dirname(from), path));
  if (!existsSync(join(ROOT, target)))
    throw new Error(`${relative(ROOT, from)} links to ${href}, which is not there`);
  const index = statSync(join(ROOT, target)).isDirectory() ? join(target, 'README.md') : target;
  const isPage = index.endsWith('.md') && existsSync(join(ROOT, index));
  return isPage ? `/${pageOf(index).replace(/(index)?\.md$/, '')}${anchor}` : `${SOURCES}${target}${anchor}`;
}

/** Leads links as they are on GitHub to pages of the site, and to files that are no page. */
function repositoryLinks(markdown) {
  markdown.core.ruler.push('repository-links', ({ tokens, env }) => {
    const from = env.realPath ?? env.path;
    for (const token of tokens.flatMap((each) => each.children ?? [])) {
      if (token.type === 'link_open') token.attrSet('href', linkOf(token.attrGet('href'), from));
      // The bundler looks for pictures from where the page is on the site.
      else if (token.type === 'image' && !/^[a-z]+:/.test(token.attrGet('src')))
        token.attrSet('src', `/${relative(ROOT, resolve(dirname(from), token.attrGet('src')))}`);
    }
  });
}

/** The web app as one file, with the recordings that come with it: /demo.html. */
const demo = {
  name: 'demo',
  configureServer(server) {
    server.middlewares.use('/demo.html', (_, response) => {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end(existsSync(DEMO) ? readFileSync(DEMO) : 'npm run build makes the demo');
    });
  },
};

export default defineConfig({
  title: 'thpscope',
  description: 'What khugepaged would do to memory, before it does it',
  lang: 'en-GB',
  srcDir: '..',
  srcExclude: ['**/node_modules/**', 'dist/**', 'build/**', 'coverage/**', 'test/**'],
  outDir: '../build/site',
  rewrites: (path) => pageOf(path),
  cleanUrls: true,
  head: [['link', { rel: 'icon', href: 'data:,' }]],
  markdown: { config: repositoryLinks, anchor: { slugify: slug } },
  // A dead link ends the build; links to the demo are made when it ends.
  ignoreDeadLinks: [/^\/demo/],
  vite: { plugins: [demo], publicDir: false },
  buildEnd: ({ outDir }) => copyFileSync(DEMO, join(outDir, 'demo.html')),
  themeConfig: {
    search: { provider: 'local' },
    nav: [
      { text: 'First prediction', link: '/start/first-prediction' },
      { text: 'Commands', link: '/reference/commands/' },
      { text: 'Demo', link: '/demo.html', target: '_blank' },
    ],
    sidebar,
    outline: [2, 3],
    socialLinks: [],
  },
});
