import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type CacheDigest, cacheSums } from '../../src/analysis/cache/cache-digest.ts';
import { CacheDigestBuilder } from '../../src/analysis/cache/cache-digest-builder.ts';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { digestJson, memoryDigestJson } from '../../src/analysis/digest/digest-json.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { type SourceDigest, totalDigest } from '../../src/analysis/digest/memory-digest.ts';
import type { Context } from '../../src/cli/shared/context.ts';
import { digestOfBytes, readDigestFile, writeDigestFile } from '../../src/cli/shared/digest/digest-file.ts';
import { digestFromFlags, digestTotal } from '../../src/cli/shared/digest/digest-source.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { cacheItem } from '../analysis/cache/items.ts';
import { knownRanges, processItem, vmaItem } from '../analysis/streams.ts';
import { ZEN } from '../support/reach.ts';
import { expectSchema } from '../support/schemas.ts';
import { sealed } from '../support/sealed.ts';
import { thpscope } from '../support/thpscope.ts';

const folder = mkdtempSync(join(tmpdir(), 'thpscope-digest-'));
afterAll(() => rmSync(folder, { recursive: true }));
const PATH = join(folder, 'a.json');
const M = 2 ** 20;
const KERNELS = [KERNEL_MODELS['linux-7.3'], KERNEL_MODELS['linux-6.18']];

const geometry = geometryOfPmdOrder(9);
const HOST: Host = {
  name: 'db1',
  bootId: '',
  kernelRelease: '6.18.3',
  time: '2026-01-01T00:00:00.000Z',
  geometry,
  settings: defaultSettings(geometry),
  khugepaged: { pagesToScan: 4096, scanSleepMs: 10_000, allocSleepMs: 60_000, defrag: true },
  shrinkUnderused: true,
  zoneReclaim: false,
  cpu: { architecture: 'x86_64', vendor: 'AuthenticAMD', family: 25, modelName: 'AMD EPYC 9B14' },
};

const FACTS = {
  cgroup: '/a/b',
  pinnedBytes: 8 * M,
  ksmBytes: M,
  memoryGroups: [
    { path: '/a/b', limitBytes: 40 * M, usedBytes: 33 * M },
    { path: '/a', limitBytes: 400 * M, usedBytes: 35 * M },
  ],
};

const ITEMS: MemoryItem[] = [
  processItem(7, FACTS),
  vmaItem({ rssBytes: M }),
  knownRanges([
    { present: '0-63,100', folios: ['3@0-7'] },
    { present: '4-9', shared: '5' },
  ]),
  vmaItem({ start: 2 ** 40, end: 2 ** 40 + M, name: '/lib/libc.so', anonymous: false, rssBytes: 12288 }),
];

function digestOf(items: readonly MemoryItem[]) {
  const collector = new DigestCollector(geometry, ZEN.pages, {
    surroundings: HOST,
    cache: new CacheDigestBuilder(geometry),
  });
  for (const item of items) collector.add(item);
  const [processes, cache] = [collector.finish(), collector.finishCache()];
  return { host: HOST, reach: ZEN, processes, cache, skipped: [], notes: ['a note'] };
}

async function written(): Promise<Uint8Array> {
  expect(await writeDigestFile({ process } as Context, PATH, digestOf(ITEMS))).toMatchObject({ ok: true });
  return readFileSync(PATH);
}

test('a digest keeps the machine, and what is around each process', async () => {
  await written();
  const json = JSON.parse(readFileSync(PATH, 'utf8'));
  expectSchema('digest', json);
  expect(json.schema).toBe('thpscope/digest@7');
  const read = await readDigestFile({ path: PATH, name: PATH });
  if (!read.ok) throw new Error(read.failure.message);
  expect(read.value.host).toEqual(HOST);
  const [{ process, memory, isRegistered }] = read.value.processes;
  expect(process).toEqual({ pid: 7, startTime: 1, command: 'p7', thpDisabled: false, ...FACTS });
  expect(isRegistered).toBe(true);
  expect(memory.otherPages).toBe(3);
  expect(memory.uncheckedPages).toBe(0);
  expect(digestJson(read.value)).toEqual(digestJson(digestOf(ITEMS)));
});

test('every single-bit flip of a digest is refused', async () => {
  const bytes = await written();
  expect(digestOfBytes(bytes, 'a.json').ok).toBe(true);
  const passed: string[] = [];
  for (let at = 0; at < bytes.length; at++)
    for (let bit = 0; bit < 8; bit++) {
      bytes[at] ^= 1 << bit;
      if (digestOfBytes(bytes, 'a.json').ok) passed.push(`byte ${at}, bit ${bit}`);
      bytes[at] ^= 1 << bit;
    }
  expect(passed).toEqual([]);
}, 60_000);

test('a digest cut off anywhere is refused', async () => {
  const bytes = await written();
  for (let length = 0; length < bytes.length - 1; length++)
    expect(digestOfBytes(bytes.subarray(0, length), 'a.json').ok).toBe(false);
});

test('a digest that another program wrote anew says so, one that was damaged too', async () => {
  const bytes = await written();
  const json = JSON.parse(new TextDecoder().decode(bytes));
  const say = (text: string) => {
    const read = digestOfBytes(new TextEncoder().encode(text), 'a.json');
    return read.ok ? undefined : read.failure;
  };
  expect(say(sealed(json))).toBeUndefined();
  expect(say(JSON.stringify(json, null, 2))).toEqual({
    kind: 'unreadable',
    message:
      'a.json: does not end with its checksum, so another program has rewritten it; digest the memory again',
  });
  expect(say(sealed(json).replace('"pid":7', '"pid":8'))).toEqual({
    kind: 'unreadable',
    message: 'a.json: does not match its checksum; copy it again or digest the memory again',
  });
  // What version 3 brought is in no file of the versions before, so that no flip makes one of the other.
  for (const version of [1, 2])
    expect(
      say(JSON.stringify({ ...json, schema: `thpscope/digest@${version}`, crc32: undefined }))?.message,
    ).toMatch(/is no digest of this version/);
  for (const version of [3, 4])
    expect(say(sealed({ ...json, schema: `thpscope/digest@${version}` }))?.message).toMatch(
      /unadvised\.folios/,
    );
});

test('a file of version 4, with a cell for each count of folios, and one of version 3, which keeps shared pages whole, say the same', async () => {
  const now = JSON.parse(new TextDecoder().decode(await written()));
  const { folios } = memoryDigestJson(digestOf(ITEMS).processes[0].memory).unadvised ?? {};
  const [old4, old3] = [4, 3].map((version) => {
    const { pageCache: _, ...old } = structuredClone({ ...now, schema: `thpscope/digest@${version}` });
    old.processes[0].unadvised.folios = folios;
    return old;
  });
  const range = { present: '4-9', shared: '5' };
  const { unadvised } = old3.processes[0];
  old3.processes[0].unadvised = { ...unadvised, blocked: undefined, apart: [{ count: 1, range }] };
  expect(folios).not.toEqual([]);
  const answers = [now, old4, old3].map((json) => {
    const read = digestOfBytes(new TextEncoder().encode(sealed(json)), 'a.json');
    if (!read.ok) throw new Error(read.failure.message);
    const query = new DigestQuery(totalDigest(read.value));
    return KERNELS.flatMap((model) =>
      [0, 500, 511].map((maxPtesNone) => {
        const sizes = new Map([2, 3, 9].map((order) => [order as Order, 'always' as const]));
        return query.ask({ ...defaultSettings(geometry), sizes, maxPtesNone }, model);
      }),
    );
  });
  expect(answers[1]).toEqual(answers[0]);
  expect(answers[2]).toEqual(answers[0]);
  expect(answers[0][0].attempts[2]).toBeGreaterThan(0);
});

const CACHED: MemoryItem[] = [
  ...ITEMS,
  vmaItem({
    start: 2 ** 41,
    end: 2 ** 41 + 4 * M,
    name: '/data/table',
    anonymous: false,
    rssBytes: M,
    mapping: { file: '8:1:9', offset: 0 },
  }),
  {
    kind: 'file',
    file: { id: '8:1:9', kind: 'file', name: '/data/table', filesystem: 'ext4', bytes: 4 * M },
  },
  cacheItem([512, 100]),
];

test('a digest keeps the page cache apart from processes; files of version 5 do not know it', async () => {
  const shmem = { enabled: 'advise', sizes: new Map([[9 as Order, 'inherit' as const]]) } as const;
  const digest = { ...digestOf(CACHED), host: { ...HOST, shmem } };
  const json = JSON.parse(sealed(digestJson(digest)));
  expectSchema('digest', json);
  const read = (text: string) => digestOfBytes(new TextEncoder().encode(text), 'a.json');
  const now = read(sealed(json));
  if (!now.ok) throw new Error(now.failure.message);
  expect(now.value.host.shmem).toEqual(shmem);
  expect(now.value.cache).toEqual(digest.cache);
  expect(cacheSums(now.value.cache as CacheDigest)).toEqual({ files: 1, ranges: 2, unreadFiles: 0 });
  expect(now.value.processes[0].memory.residentPages).toBe(digestOf(ITEMS).processes[0].memory.residentPages);
  const { pageCache, ...old } = {
    ...json,
    schema: 'thpscope/digest@5',
    host: { ...json.host, shmem: undefined },
  };
  const earlier = read(sealed(old));
  expect(earlier.ok && earlier.value.cache).toBe(undefined);
  const mixed = read(sealed({ ...old, pageCache }));
  expect(!mixed.ok && mixed.failure.message).toMatch(/no digest of this version.*pageCache/);
  json.pageCache.groups[0].ranges++;
  const wrong = read(sealed(json));
  expect(!wrong.ok && wrong.failure.message).toMatch(/group 1 of the page cache \(file\): ranges and pages/);
});

test('page caches of machines add up; parts of one machine, or a digest that does not know, make it unknown', async () => {
  const context = { command: 'sweep' } as Context;
  const signal = new AbortController().signal;
  const read = async (digests: readonly SourceDigest[]) => {
    const asked = digests.map((digest, i) => {
      const path = join(folder, `cache${i}.json`);
      writeFileSync(path, sealed(digestJson(digest)));
      return { path, name: path };
    });
    const total = await digestTotal(context, {} as Parameters<typeof digestTotal>[1], asked, { signal });
    if (!total.ok) throw new Error(total.failure.message);
    return total.value.source;
  };
  const host = (bootId: string, pid: number): SourceDigest => ({
    ...digestOf(CACHED.map((item) => (item.kind === 'process' ? processItem(pid, FACTS) : item))),
    host: { ...HOST, name: bootId, bootId },
  });
  const two = await read([host('boot1', 7), host('boot2', 7)]);
  expect(two.cache && cacheSums(two.cache)).toEqual({ files: 2, ranges: 4, unreadFiles: 0 });
  const parts = await read([host('boot1', 7), host('boot1', 8)]);
  expect(parts.cache).toBe(undefined);
  expect(parts.notes.join()).toMatch(/several recordings are of one machine/);
  expect((await read([host('boot1', 7), { ...host('boot2', 8), cache: undefined }])).cache).toBe(undefined);
});

test('several digests are one sum, process by process or all at once', async () => {
  const paths = ['b.json', 'c.json'].map((name) => join(folder, name));
  for (const [i, path] of paths.entries()) {
    const { processes, ...rest } = digestOf([...ITEMS, processItem(8)]);
    const host = { ...HOST, name: `db${i}`, bootId: `boot${i}` };
    const bytes = sealed(digestJson({ ...rest, host, processes }));
    writeFileSync(path, bytes);
  }
  const asked = paths.map((path) => ({ path, name: path }));
  const context = { command: 'sweep' } as Context;
  const signal = new AbortController().signal;
  const [each, total] = [
    await digestFromFlags(context, {}, asked, { signal }),
    await digestTotal(context, {}, asked, { signal }),
  ];
  if (!each.ok || !total.ok) throw new Error('not read');
  expect(total.value.processes).toBe(4);
  expect(total.value.memory).toEqual(totalDigest(each.value));
  expect(total.value.source).toEqual({ ...each.value, processes: total.value.source.processes });
  expect(total.value.memory.residentPages).toBe(2 * 71);
});

describe('files that were made to be misread', () => {
  test.each([
    [
      'digest-counts-max',
      'row 388 of unadvised has 97 full windows of order 2 in 9,007,199,254,740,991 ranges; one such range has 4 to 97',
    ],
    [
      'digest-full-gt-ranges',
      'row 68 of unadvised has 9,007,199,254,740,991 full windows of order 2 in 1 range; one such range has 0 to 17',
    ],
    ['digest-huge-gt-resident', 'it has 1 resident page, its rows and other ranges have 17,063'],
    [
      'digest-many-rows',
      'row 385 of unadvised has 0 full windows of order 2 in 1 range; one such range has 1 to 96',
    ],
    ['digest-one-bit', 'it has 97,063 resident pages, its rows and other ranges have 17,063'],
    ['digest-resident-0', 'it has 0 resident pages, its rows and other ranges have 17,063'],
  ])('%s', async (name, complaint) => {
    const path = `test/fixtures/hostile/${name}.json`;
    for (const command of ['predict', 'sweep', 'advise']) {
      const { stdout, stderr, code } = await thpscope([command, path]);
      expect(stderr).toBe(`thpscope: ${path}: process 16084: ${complaint}; digest the memory again\n`);
      expect(stdout).toBe('');
      expect(code).toBe(5);
    }
  });

  test('a sound file of the first version is still read', async () => {
    const { stdout, code } = await thpscope(['predict', 'test/fixtures/hostile/digest-sound.json']);
    expect(code).toBe(0);
    expect(stdout).toContain('66.7M anonymous in 162 PMD ranges');
  });
});
