import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CacheDigestBuilder } from '../../src/analysis/cache/cache-digest-builder.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { digestJson } from '../../src/analysis/digest/digest-json.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../src/core/rules/page-cache.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { cacheItem, mappingItem } from '../analysis/cache/items.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';
import { ZEN } from '../support/reach.ts';
import { expectSchema } from '../support/schemas.ts';
import { sealed } from '../support/sealed.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-page-cache-'));
const path = join(folder, 'postgres.json');
afterAll(() => rmSync(folder, { recursive: true }));

const RANGE = rangeBytes(x86_64);
const BUFFERS: CachedFile = { id: '0:1:5', kind: 'shared-anonymous', name: '/dev/zero', bytes: 4 * RANGE };
const TABLE: CachedFile = { id: '8:1:9', kind: 'file', name: '/t', filesystem: 'ext4', bytes: 4 * RANGE };

beforeAll(() => {
  const settings = { ...defaultSettings(x86_64), maxPtesNone: 0 };
  const shmem = { enabled: 'never', sizes: new Map([[asOrder(9), 'inherit' as const]]) } as const;
  const host = { name: 'db1', bootId: 'b1', kernelRelease: '7.3.4', time: '2026-01-01T00:00:00.000Z' };
  const items: MemoryItem[] = [
    processItem(7, { command: 'postgres' }),
    vmaItem({ rssBytes: RANGE }),
    knownRanges([{ present: '0-311' }, { present: '0-311' }]),
    mappingItem(BUFFERS),
    mappingItem(TABLE, { start: 16 * RANGE, end: 20 * RANGE }),
    { kind: 'file', file: BUFFERS },
    cacheItem([512, 500, 512, 8]),
    { kind: 'file', file: TABLE },
    cacheItem([512, 500, 12]),
  ];
  const collector = new DigestCollector(x86_64, ZEN.pages, { cache: new CacheDigestBuilder(x86_64) });
  for (const item of items) collector.add(item);
  const digest = {
    host: { ...host, geometry: x86_64, settings, shmem },
    reach: ZEN,
    processes: collector.finish(),
    cache: collector.finishCache(),
    skipped: [],
    notes: [],
  };
  writeFileSync(path, sealed(digestJson(digest)));
});

test('sweep says once what max_ptes_none does to the page cache, and in columns of its own', async () => {
  const { stdout } = await thpscope(['sweep', path]);
  expect(stdout).toMatch(/besides: .* of shared memory and files, told of as page cache below/);
  expect(stdout).toMatch(/page cache, each file once and apart from RSS: 9\.98M in 7 whole PMD ranges/);
  expect(stdout).toMatch(/always +0 to 11 +1 +2M +0B +2M/);
  expect(stdout).toMatch(/always +500 to 511 +3 +4M +2M +4M/);
  const json = JSON.parse((await thpscope(['sweep', path, '--json'])).stdout);
  expectSchema('sweep', json);
  expect(
    json.pageCache.byMaxPtesNone.map((each: Record<string, number>) => each.pageCacheGrowthPages),
  ).toEqual([0, 12, 512]);
  for (const { maxPtesNone, growthPages, pageCacheGrowthPages } of json.front) {
    expect(pageCacheGrowthPages).toBe(maxPtesNone >= 500 ? 512 : maxPtesNone >= 12 ? 12 : 0);
    expect(growthPages).toBe(maxPtesNone >= 200 && growthPages > 0 ? growthPages : 0);
  }
  const csv = (await thpscope(['sweep', path, '--csv', '-L', 'orders=2M', '-L', 'max-ptes-none=12,511']))
    .stdout;
  const [head, ...rows] = csv.trim().split('\n');
  const at = head.split(',').indexOf('page_cache_growth_pages');
  expect(rows.map((row) => row.split(',')[at])).toEqual(['12', '512']);
});

test('predict says of a digest what becomes of its page cache', async () => {
  const { stdout } = await thpscope(['predict', path]);
  expect(stdout).toMatch(
    /page cache +9\.98M in 7 whole PMD ranges: 1 collapse, then 2M is huge; it grows by 0B/,
  );
});

test('advise tells of the page cache apart, and offers what shared memory needs apart', async () => {
  const { stdout } = await thpscope(['advise', path, '--max-growth', '4M']);
  expect(stdout).toMatch(/page cache, each file once and apart from RSS: 9\.98M in 7 whole PMD ranges:/);
  expect(stdout).toMatch(/Shared memory, which the advice leaves alone, .* \(with max_ptes_none 200\):/);
  expect(stdout).toMatch(/echo within_size > .*hugepages-2048kB\/shmem_enabled/);
  const json = JSON.parse((await thpscope(['advise', path, '--max-growth', '4M', '--json'])).stdout);
  expectSchema('advise', json);
  const { advised, inForce, moreGrowthPages, sharedMemory } = json.pageCache;
  expect(inForce).toMatchObject({ collapses: 1, growthPages: 0 });
  expect(moreGrowthPages).toBe(advised.growthPages);
  expect(sharedMemory.kinds[0]).toMatchObject({ kind: 'shared-anonymous', cachedPages: 1532 });
  expect(sharedMemory.restore).toEqual([
    { path: '/sys/kernel/mm/transparent_hugepage/hugepages-2048kB/shmem_enabled', value: 'inherit' },
  ]);
  const services = JSON.parse(
    (await thpscope(['advise', path, '--by', 'service', '--max-growth', '4M', '--json'])).stdout,
  );
  expectSchema('advise', services);
  expect(services.pageCache.inForce).toEqual(inForce);
});
