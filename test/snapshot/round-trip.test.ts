import { statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { expect, test } from 'vitest';
import { geometryOfPmdOrder, rangeBytes } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy } from '../../src/core/memory/occupancy.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { groupRows } from '../../src/snapshot/schema.ts';
import { writeSnapshot } from '../../src/snapshot/writer.ts';
import { geometries, hosts, itemSequences } from './arbitraries.ts';
import {
  bufferOf,
  hostOf,
  itemsOf,
  oneVma,
  opened,
  rangeAt,
  redis,
  snapshotBytes,
  sourceOf,
  temporaryDirectory,
  vmaAt,
} from './sources.ts';

test('a snapshot yields the host and the items that were written', async () => {
  const cases = geometries.chain((geometry) => fc.tuple(hosts(geometry), itemSequences(geometry)));
  await fc.assert(
    fc.asyncProperty(cases, async ([host, items]) => {
      const source = sourceOf(items, host);
      const snapshot = await opened(await snapshotBytes(source));
      expect(snapshot.host).toEqual(host);
      expect(await itemsOf(snapshot)).toEqual(await itemsOf(source));
    }),
    { numRuns: 60 },
  );
}, 120_000);

test('a snapshot can be read twice, and at the same time', async () => {
  const snapshot = await opened(await snapshotBytes(sourceOf(oneVma(5))));
  const [first, second] = await Promise.all([itemsOf(snapshot), itemsOf(snapshot)]);
  expect(first).toEqual(oneVma(5));
  expect(second).toEqual(first);
});

test('addresses of the upper half survive', async () => {
  const [start, end] = [0xffffffffff600000, 0xffffffffff601000];
  const items = [
    { kind: 'process', process: redis },
    { kind: 'vma', vma: vmaAt(start, end) },
  ] as const;
  expect(await itemsOf(await opened(await snapshotBytes(sourceOf(items))))).toEqual(items);
});

test('typed arrays that are views, and reused after they were handed out, are copied', async () => {
  const range = { ...rangeAt(0, 3), folioOrders: new Uint8Array(512).fill(4) };
  const folioOrders = range.folioOrders.slice();
  const words = new Uint32Array(20);
  const present = words.subarray(2, 18);
  present.set(range.facts.present);
  const items = function* () {
    yield* oneVma(1).slice(0, 2);
    yield {
      kind: 'ranges',
      ranges: [{ ...range, folioOrders, facts: { ...range.facts, present } }],
    } as const;
    words.fill(0);
    folioOrders.fill(0);
  };
  const bytes = await snapshotBytes(sourceOf(items()));
  expect((await itemsOf(await opened(bytes))).at(-1)).toEqual({ kind: 'ranges', ranges: [range] });
});

test('a large process becomes many row groups, and is read one by one', async () => {
  const geometry = geometryOfPmdOrder(9);
  const count = 2.5 * groupRows(geometry);
  const batch = 100;
  const batches = function* () {
    yield* oneVma(0).slice(0, 1);
    yield { kind: 'vma', vma: vmaAt(0, count * rangeBytes(geometry)) } as const;
    for (let i = 0; i < count; i += batch) {
      const length = Math.min(batch, count - i);
      yield { kind: 'ranges', ranges: Array.from({ length }, (_, j) => rangeAt(i + j, j)) } as const;
    }
  };
  const bytes = await snapshotBytes(sourceOf(batches()));
  expect(parquetMetadata(bytes).row_groups.map(({ num_rows }) => Number(num_rows))).toEqual([
    4096, 4096, 2048,
  ]);

  let read = 0;
  const file = bufferOf(bytes);
  const source = await openSnapshot(
    { ...file, slice: (from, to = 0) => ((read += to - from), file.slice(from, to)) },
    'a',
  );
  if (!source.ok) throw new Error(source.failure.message);
  const footer = read;
  const sizes: number[] = [];
  for await (const item of source.value.items()) {
    if (item.kind !== 'ranges') continue;
    if (sizes.length === 0) expect(read - footer).toBeLessThan(bytes.length / 2);
    sizes.push(item.ranges.length);
  }
  expect(sizes).toEqual([4096, 4096, 2048]);
});

test('the footer says in which row group a range lies, and which lie in none', async () => {
  const geometry = geometryOfPmdOrder(13);
  const rows = groupRows(geometry);
  const bytes = rangeBytes(geometry);
  const places = Array.from({ length: 2 * rows + 3 }, (_, i) => 3 * i);
  const items: MemoryItem[] = [
    { kind: 'process', process: redis },
    { kind: 'vma', vma: vmaAt(0, 6 * (rows + 3) * bytes) },
    { kind: 'ranges', ranges: places.map((place) => rangeAt(place, 1, geometry)) },
    { kind: 'vma', vma: vmaAt(2 ** 64 - 2 * bytes, 2 ** 64 - bytes) },
    { kind: 'ranges', ranges: [rangeAt(2 ** 64 / bytes - 2, 1, geometry)] },
  ];
  const snapshot = await opened(await snapshotBytes(sourceOf(items, hostOf(geometry))));
  const last = 2 ** 64 - 2 * bytes;
  // The last group has a range of the upper half, which is stored as one below 0: it may have any of these.
  for (const [address, groups] of [
    [0, [0, 2]],
    [3 * (rows - 1) * bytes + 5, [0, 2]],
    [3 * rows * bytes + bytes - 1, [1, 2]],
    [(3 * rows - 1) * bytes, [2]],
    [last + 4096, [2]],
    [2 ** 62, []],
  ] as const) {
    expect(snapshot.groupsAround(address)).toEqual(groups);
    const found: number[] = [];
    for (const group of groups)
      for await (const item of snapshot.groupItems(group))
        if (item.kind === 'ranges') found.push(...item.ranges.map((range) => range.address));
    expect(found.includes(address - (address % bytes))).toBe(
      groups.length > 0 && address !== (3 * rows - 1) * bytes,
    );
  }
});

test('columns that change from row group to row group, or stay, come out as they went in', async () => {
  const geometry = geometryOfPmdOrder(13);
  const rows = groupRows(geometry);
  const known = emptyOccupancy(geometry);
  const ranges = Array.from({ length: 3 * rows + 1 }, (_, i) => {
    const range = rangeAt(i, i, geometry);
    // Known and empty, then unknown, then known again; and one that stays.
    const zero = i >= rows && i < 2 * rows ? undefined : known;
    const pmdMapped = i < 2 * rows ? false : undefined;
    return { ...range, facts: { ...range.facts, zero, guard: known }, pmdMapped };
  });
  const vmas = [ranges.slice(0, 10), ranges.slice(10)].flatMap((each): MemoryItem[] => [
    { kind: 'vma', vma: vmaAt(each[0].address, each[0].address + each.length * rangeBytes(geometry)) },
    { kind: 'ranges', ranges: each },
  ]);
  const items: MemoryItem[] = [{ kind: 'process', process: redis }, ...vmas];
  const bytes = await snapshotBytes(sourceOf(items, hostOf(geometry)));
  expect(await itemsOf(await opened(bytes))).toEqual(items);
});

test('row groups hold about the same number of PTEs whatever the geometry', () => {
  for (const pmdOrder of [9, 11, 13])
    expect(groupRows(geometryOfPmdOrder(pmdOrder)) << pmdOrder).toBe(2 ** 21);
  expect(groupRows(geometryOfPmdOrder(3))).toBe(4096);
});

test('progress counts what is written, and the file opens by its path', async () => {
  const path = join(temporaryDirectory(), 'a.parquet');
  const seen: number[] = [];
  const onProgress = ({ ranges }: { ranges: number }) => seen.push(ranges);
  const written = await writeSnapshot(path, sourceOf(oneVma(5000)), { onProgress });
  expect(seen).toEqual([4096, 5000]);
  const { size } = statSync(path);
  expect(written).toEqual({ ok: true, value: { processes: 1, ranges: 5000, bytes: size } });
  const source = await openSnapshotFile(path);
  if (!source.ok) throw new Error(source.failure.message);
  expect(source.value.host).toEqual(hostOf());
  expect(await itemsOf(source.value)).toEqual(oneVma(5000));
  source.value.close();
});

test('a file of format 1 does not tell which pages are shared', async () => {
  const file = await openSnapshotFile('examples/redis.parquet');
  if (!file.ok) throw new Error(file.failure.message);
  const ranges = (await itemsOf(file.value)).flatMap((item) => (item.kind === 'ranges' ? item.ranges : []));
  expect(ranges.length).toBeGreaterThan(0);
  expect(new Set(ranges.map((range) => range.sharedRuns))).toEqual(new Set([undefined]));
  file.value.close();
});

test('files of formats 1 and 2 do not say what is mapped of files, and hold none', async () => {
  for (const path of ['examples/redis.parquet', 'examples/pair/before.parquet']) {
    const file = await openSnapshotFile(path);
    if (!file.ok) throw new Error(file.failure.message);
    expect(file.value.host.shmem).toBeUndefined();
    const items = await itemsOf(file.value);
    const vmas = items.flatMap((item) => (item.kind === 'vma' ? [item.vma] : []));
    expect(vmas.some(({ anonymous }) => !anonymous)).toBe(true);
    expect(new Set(vmas.map(({ mapping }) => mapping))).toEqual(new Set([undefined]));
    expect(items.filter(({ kind }) => kind === 'file' || kind === 'cache-ranges')).toEqual([]);
    file.value.close();
  }
});
