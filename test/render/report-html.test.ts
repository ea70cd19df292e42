import { expect, test } from 'vitest';
import { CacheTable } from '../../src/analysis/cache/cache-table.ts';
import { readOnKernel } from '../../src/analysis/reading/read-on.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { reportHtml } from '../../src/render/report/html.ts';
import { reportStyle } from '../../src/render/report/style.ts';
import type { ReportView } from '../../src/render/report/view.ts';
import { BUFFERS, shmemPolicy, TABLE } from '../analysis/cache/cached-memory.ts';
import { cacheItem, mappingItem } from '../analysis/cache/items.ts';
import { type FindingsText, findingsIn } from '../analysis/report-findings.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';

const RANGE = rangeBytes(x86_64);
const HOSTILE = `<script>alert(1)</script>"'><img src=x onerror=alert(1)>\u202e`;

function memory(name: string) {
  return [
    processItem(7, { command: name, cgroup: name }),
    vmaItem({ name, end: 16 * RANGE }),
    knownRanges([
      { present: '0-299', swap: '300-319' },
      { present: 'all' },
      { present: '0', uffd: '0' },
      { present: '3' },
    ]),
  ];
}

function page(name: string, text: FindingsText = {}, view: Partial<ReportView> = {}): string {
  const findings = findingsIn(memory(name), { maxPtesSwap: 64, ...text });
  const time = '2026-01-01T00:00:00.000Z';
  const origin = { source: name, live: false, host: name, kernelRelease: '7.2.0', time };
  const whole = {
    findings,
    cache: undefined,
    origins: [origin],
    readOn: readOnKernel('7.2.0', false),
    inForce: false,
    listing: {},
    version: '1',
    command: name,
    explain: () => name,
  };
  return reportHtml({ ...whole, ...view }, reportStyle(x86_64), 'HASH');
}

test('names of processes, VMAs, hosts and files are text, never markup', () => {
  const text = page(HOSTILE);
  expect(text).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
  expect(text).toContain('\\x202e');
  expect(text).not.toMatch(/<script|<img|\u202e/i);
  // Whatever the names are, the tags are the same.
  const tags = (html: string) => html.replace(/"[^"]*"/g, '""').match(/<[^>]*>/g);
  expect(tags(text)).toEqual(tags(page('redis')));
});

test('shared memory and files have a section of their own: sums, knobs, files, refusals, assumptions', () => {
  const buffers = { ...BUFFERS, name: HOSTILE };
  const cache = new CacheTable(x86_64);
  for (const item of [
    processItem(1, { command: HOSTILE }),
    mappingItem(buffers),
    mappingItem(TABLE, { start: 16 * RANGE, end: 20 * RANGE }),
    { kind: 'file', file: buffers } as const,
    cacheItem([300, 512], { folioOrders: undefined, mappedPages: undefined }),
    { kind: 'file', file: TABLE } as const,
    cacheItem([100]),
  ])
    cache.add(item);
  const policy = shmemPolicy('always', 'inherit', { maxPtesNone: 300 });
  const [section] = /<section><h2>Shared memory and files.*?<\/section>/s.exec(
    page('redis', {}, { cache: cache.predict(policy) }),
  ) ?? [''];
  expect(section).not.toMatch(/<script|<img|<table>\n<\/table>/);
  expect(section).toContain('&lt;script&gt;');
  expect(section).toContain('hugepages-2048kB/shmem_enabled inherit, shmem_enabled always');
  expect(section).toMatch(
    /shared anonymous memory and memfd<\/th><td class="number">1<\/td>(<td class="number">[^<]*<\/td>){5}/,
  );
  expect(section.match(/<td class="number">[^<]*<\/td>/g)?.slice(1, 6)).toEqual(
    ['3.17M', '0', '3.17M', '+848K', 'not known'].map((cell) => `<td class="number">${cell}</td>`),
  );
  expect(section).toContain('more than max_ptes_none of its pages are not in memory');
  expect(section).toContain('no page of the page cache is in a huge page already');
  expect(page('redis')).not.toContain('Shared memory and files');
});

test('there is no script, no style but one, and nothing to load', () => {
  const text = page('redis');
  expect(text).not.toMatch(/<script|\sstyle=|\son\w+=|\b(src|href)=|url\(|@import/);
  expect(text.match(/<style>/g)).toHaveLength(1);
  expect(text).toContain(`content="default-src &#39;none&#39;; style-src &#39;sha256-HASH&#39;;`);
});

test('every class of the pictures has a rule', () => {
  const text = page('redis', { orders: 'all', maxPtesNone: 0, inForce: defaultSettings(x86_64) });
  const used = new Set(
    [...text.matchAll(/<(?:path|svg|rect) class="([^"]*)"/g)].flatMap(([, names]) => names.split(' ')),
  );
  const style = reportStyle(x86_64);
  for (const name of used) expect(style).toMatch(new RegExp(`\\.${name}[{ ,]`));
});

test('every picture has a title', () => {
  const text = page('redis');
  const pictures = text.match(/<svg role="img"[^>]*>(<title>[^<]+<\/title>)?/g) ?? [];
  expect(pictures.length).toBeGreaterThan(8);
  for (const picture of pictures) expect(picture).toContain('<title>');
});

test('the legend of occupancy has each shade that occurs, and no other', () => {
  const text = page('redis');
  const [map] = /<figure>.*?pages in use now<\/figcaption>/s.exec(text) ?? [];
  const [, legend] = /in address order.*?(<ul class="legend">.*?<\/ul>)/s.exec(text) ?? [];
  const shades = (part = '') =>
    [...new Set([...part.matchAll(/class="c (o\d|empty)"/g)].map(([, shade]) => shade))].sort();
  expect(shades(map)).toEqual(['o0', 'o4', 'o7']);
  expect(shades(legend)).toEqual(shades(map));
});

test('maps are of processes that change, and of the largest where none does', () => {
  const items = [1, 2, 3, 4, 5].flatMap((pid) => [
    processItem(pid),
    vmaItem(),
    knownRanges([{ present: pid === 2 ? '0-15' : `${pid}-${2 * pid}` }]),
  ]);
  const mapped = (text: FindingsText) => {
    const findings = findingsIn(items, text);
    return [...page('x', {}, { findings }).matchAll(/<h3>p(\d) /g)].map(([, pid]) => Number(pid));
  };
  expect(mapped({ orders: '4', maxPtesNone: 0 })).toEqual([2]);
  expect(mapped({ orders: '' })).toEqual([2, 5, 4]);
});

test('a policy that does nothing says so, and why', () => {
  const text = page('redis', { orders: '' });
  expect(text).toContain('would collapse nothing. It has nothing to try.');
  expect(text).toContain('no size is enabled');
  expect(text).toMatch(/The kernel's default \(.*\) would bring .* more into huge pages/);
});

test('swapped pages are named as a cause of growth', () => {
  const text = page('redis', { orders: '9', maxPtesNone: 511 });
  expect(text).toContain('because empty pages are filled and pages come back from swap');
});

test('limits that sizes do not heed are noted', () => {
  expect(page('redis', { orders: '4,9', maxPtesNone: 100 })).toContain('for them 100 counts as 0');
});

test('counts alone give the same figures and no maps', () => {
  const figures = (html: string) => /<dl class="figures">[^]*?<\/dl>/.exec(html)?.[0];
  const sizes = (html: string) => /<caption>Resident memory by[^]*?<\/table>/.exec(html)?.[0];
  const text = page('redis', { orders: 'all', maxPtesNone: 0, countsOnly: true });
  const full = page('redis', { orders: 'all', maxPtesNone: 0 });
  expect(figures(text)).toBe(figures(full));
  expect(sizes(text)).toBe(sizes(full));
  expect(full).toContain('class="map"');
  expect(text).not.toContain('class="map"');
  expect(text).toContain('This is a digest');
});

test('a report says whom other sizes than those in force reach', () => {
  expect(page('redis', { orders: '9', maxPtesNone: 0 })).toContain(
    'khugepaged visits only processes on its list',
  );
});
