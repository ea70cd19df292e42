import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { CacheDigest } from '../../src/analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../src/analysis/cache/cache-digest-builder.ts';
import { type CacheDigestJson, cacheDigestJson } from '../../src/analysis/cache/cache-digest-json.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import type { CacheRange } from '../../src/core/memory/cache-range.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { setPages } from '../../src/core/memory/occupancy.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import { plainRange } from '../../src/core/memory/range-state.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import type { CachedFile } from '../../src/core/rules/page-cache.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { cacheItem, mappingItem } from '../analysis/cache/items.ts';
import { processItem, vmaItem } from '../analysis/streams.ts';
import { valueOf } from '../support/ranges.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-digest-cache-'));
afterAll(() => rmSync(folder, { recursive: true }));

const RANGE = rangeBytes(x86_64);
const FILE_RANGES = 4200;
const TABLE: CachedFile = {
  id: '8:1:9',
  kind: 'file',
  name: '/t',
  filesystem: 'ext4',
  bytes: FILE_RANGES * RANGE,
};
const SEGMENT: CachedFile = { id: '0:1:7', kind: 'internal', name: '/SYSV0', bytes: 4 * RANGE };
const UNREAD: CachedFile = { id: '8:1:3', kind: 'file', name: '/u', unread: 'needs root' };

/** Two processes that map a file, in row groups of different workers, and the file in several more. */
function itemsOf(): MemoryItem[] {
  const items: MemoryItem[] = [];
  for (const pid of [1, 2]) {
    items.push(processItem(pid), vmaItem({ end: 2 ** 36 }));
    for (let i = 0; i < 2500; i++) {
      const present = new Uint32Array(16);
      setPages(present, 0, 1 + (i % 300));
      items.push({
        kind: 'ranges',
        ranges: [{ ...plainRange(x86_64, present, undefined), address: i * RANGE }],
      });
    }
    const start = 2 ** 40;
    const end = start + (pid === 1 ? FILE_RANGES : FILE_RANGES / 2) * RANGE;
    items.push(mappingItem(TABLE, { start, end, flags: pid === 1 ? [] : ['hg'] }));
    items.push(mappingItem(SEGMENT, { start: 2 ** 42, end: 2 ** 42 + 4 * RANGE }));
    items.push(mappingItem(UNREAD, { start: 2 ** 43, end: 2 ** 43 + 4 * RANGE }));
  }
  items.push({ kind: 'file', file: TABLE });
  for (let i = 0; i < FILE_RANGES; i++) {
    const item = cacheItem([1 + (i % 512)]) as { kind: 'cache-ranges'; ranges: CacheRange[] };
    items.push({ ...item, ranges: item.ranges.map((range) => ({ ...range, offset: i * RANGE })) });
  }
  items.push({ kind: 'file', file: SEGMENT }, cacheItem([512, 3]), { kind: 'file', file: UNREAD });
  return items;
}

async function digested(files: readonly string[], workers: number) {
  const path = join(folder, 'a.digest.json');
  const run = await thpscope(['digest', ...files, '--workers', String(workers), '-o', path]);
  expect(run.code).toBe(0);
  const json = JSON.parse(readFileSync(path, 'utf8')) as {
    pageCache: CacheDigestJson | null;
    host: { shmem?: object };
    notes: string[];
  };
  return { ...json, said: run.stderr };
}

test('a digest of a snapshot has its page cache, however many workers read it', async () => {
  const items = itemsOf();
  const collector = new DigestCollector(x86_64, 1, { cache: new CacheDigestBuilder(x86_64) });
  for (const item of items) collector.add(item);
  const expected = cacheDigestJson(collector.finishCache() as CacheDigest);
  expect(expected.files).toEqual({ file: 1, internal: 1 });
  expect(expected.unread).toEqual([{ why: 'needs root', files: 1, rssBytes: 4 * RANGE }]);
  const shmem = { enabled: 'always', sizes: new Map([[asOrder(9), 'inherit' as const]]) } as const;
  const paths = ['boot1', 'boot2', 'boot1'].map((_, i) => join(folder, `${i}.parquet`));
  for (const [i, bootId] of ['boot1', 'boot2', 'boot1'].entries()) {
    const host = { name: bootId, bootId, kernelRelease: '7.3.4', time: '2026-01-01T00:00:00.000Z' };
    const renamed = items.map((item) =>
      item.kind === 'process'
        ? { ...item, process: { ...item.process, pid: item.process.pid + 10 * i } }
        : item,
    );
    const source = {
      host: { ...host, geometry: x86_64, settings: undefined, shmem },
      items: async function* () {
        yield* renamed;
      },
    };
    valueOf(await writeSnapshot(paths[i], source));
  }
  const [one, two] = [await digested([paths[0]], 1), await digested([paths[0]], 2)];
  expect(one.pageCache).toEqual(expected);
  expect(two.pageCache).toEqual(expected);
  expect(one.host.shmem).toEqual({ enabled: 'always', sizes: [{ order: 9, enabled: 'inherit' }] });
  expect(one.said).toMatch(/page cache: 2 files in 4,202 whole PMD ranges, not read: 1 file; in RSS:/);
  const both = await digested([paths[0], paths[1]], 2);
  expect(both.pageCache?.files).toEqual({ file: 2, internal: 2 });
  const parts = await digested([paths[0], paths[2]], 2);
  expect(parts.pageCache).toBe(null);
  expect(parts.notes.join()).toMatch(/several recordings are of one machine/);
}, 60_000);
