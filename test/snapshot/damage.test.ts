import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetMetadata } from 'hyparquet';
import { ByteWriter, ParquetWriter, parquetWriteBuffer } from 'hyparquet-writer';
import { beforeAll, describe, expect, test } from 'vitest';
import type { Failure } from '../../src/core/base/failure.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { crc32 } from '../../src/snapshot/crc32.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { packMetadata } from '../../src/snapshot/metadata.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { cacheColumns, noOwner, ownerColumns, rangeColumns } from '../../src/snapshot/row.ts';
import { COLUMN_NAMES, PARQUET_SCHEMA, type SnapshotRow } from '../../src/snapshot/schema.ts';
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

let sound: Uint8Array;
let soundItems: MemoryItem[];

beforeAll(async () => {
  sound = await snapshotBytes(sourceOf([...oneVma(300), { kind: 'note', message: 'run as root' }]));
  soundItems = await itemsOf(await opened(sound));
});

/** The items of a file, or why it has none; anything else that is thrown is a bug. */
async function read(bytes: Uint8Array): Promise<MemoryItem[] | Failure> {
  const source = await openSnapshot(bufferOf(bytes), 'a.parquet');
  if (!source.ok) return source.failure;
  try {
    return await itemsOf(source.value);
  } catch (error) {
    if (error instanceof SnapshotError) return error.failure;
    throw error;
  }
}

function expectUnreadable(outcome: MemoryItem[] | Failure, message?: RegExp): void {
  expect(outcome).toMatchObject({ kind: 'unreadable' });
  const failure = outcome as Failure;
  expect(failure.message).toMatch(/^a\.parquet: [^\n]*; [^\n]*$/);
  if (message) expect(failure.message).toMatch(message);
}

describe('any change of a byte is noticed or harmless', () => {
  test('one byte anywhere', async () => {
    const changes = fc.tuple(fc.nat(sound.length - 1), fc.integer({ min: 1, max: 255 }));
    let harmless = 0;
    await fc.assert(
      fc.asyncProperty(changes, async ([position, flip]) => {
        const outcome = await read(sound.map((byte, i) => (i === position ? byte ^ flip : byte)));
        if (Array.isArray(outcome)) {
          harmless++;
          expect(outcome).toEqual(soundItems);
        } else {
          expectUnreadable(outcome);
        }
      }),
      { numRuns: 1500 },
    );
    expect(harmless).toBeLessThan(1500);
  }, 120_000);

  test('every byte of the footer, where there are no checksums', async () => {
    const small = await snapshotBytes(sourceOf(oneVma(2)));
    const smallItems = await itemsOf(await opened(small));
    const footer = small.length - 8 - new DataView(small.buffer).getUint32(small.length - 8, true);
    for (let position = footer; position < small.length; position++) {
      // Two less is one less for a Thrift number, such as that of rows.
      for (const value of [0x00, 0xff, small[position] - 2]) {
        const outcome = await read(small.map((byte, i) => (i === position ? value : byte)));
        if (Array.isArray(outcome)) expect(outcome).toEqual(smallItems);
        else expectUnreadable(outcome);
      }
    }
  }, 120_000);
});

test('a file cut off anywhere is unreadable', async () => {
  for (let length = 0; length < sound.length; length += 1 + (length >>> 6)) {
    expectUnreadable(await read(sound.subarray(0, length)), length === 0 ? /is empty/ : undefined);
  }
  expectUnreadable(await read(sound.subarray(0, sound.length - 1)), /is cut off/);
});

describe('files of other kinds', () => {
  test('not Parquet', async () => {
    expectUnreadable(await read(new TextEncoder().encode('{"present":"0-15"}\n')), /not a Parquet file/);
  });

  test('Parquet, but not ours', async () => {
    const bytes = parquetWriteBuffer({ columnData: [{ name: 'a', data: [1, 2, 3], type: 'INT32' }] });
    expectUnreadable(await read(new Uint8Array(bytes)), /Parquet file but not a thpscope snapshot/);
  });

  test('our metadata, other columns', async () => {
    const kvMetadata = packMetadata({
      host: hostOf(),
      facts: new Map(),
      files: new Map(),
      notices: [],
      groupChecksums: [0],
    });
    const bytes = parquetWriteBuffer({
      columnData: [{ name: 'a', data: [1, 2, 3], type: 'INT32' }],
      kvMetadata,
    });
    expectUnreadable(await read(new Uint8Array(bytes)), /columns are not those of a snapshot/);
  });

  test.each([
    ['of a newer version', { version: 4, whatever: [] }, /newer thpscope \(format 4.*update thpscope/],
    ['without a version', {}, /metadata is wrong at 'version'/],
    ['of no host', { version: 1 }, /metadata is wrong at 'host'/],
  ])('metadata %s', async (_, json, message) => {
    const value = JSON.stringify(json);
    const checksum = crc32(new TextEncoder().encode(value)).toString(16).padStart(8, '0');
    const kvMetadata = [
      { key: 'thpscope', value },
      { key: 'thpscope.crc32', value: checksum },
    ];
    const bytes = parquetWriteBuffer({ columnData: [{ name: 'a', data: [1], type: 'INT32' }], kvMetadata });
    expectUnreadable(await read(new Uint8Array(bytes)), message);
  });

  test('not there, a directory, not allowed', async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, 'd'));
    writeFileSync(join(directory, 'f'), sound);
    const failureOf = async (name: string) => {
      const source = await openSnapshotFile(join(directory, name));
      return source.ok ? undefined : source.failure;
    };
    expect(await failureOf('f')).toBeUndefined();
    expect(await failureOf('g')).toMatchObject({
      kind: 'unreadable',
      message: expect.stringMatching(/no such file/),
    });
    expect(await failureOf('d')).toMatchObject({
      kind: 'unreadable',
      message: expect.stringMatching(/not a regular/),
    });
    if (process.getuid?.() === 0) return;
    chmodSync(join(directory, 'f'), 0);
    expect(await failureOf('f')).toMatchObject({ kind: 'permission' });
  });
});

const LIBRARY = { id: 'fe:00:17', kind: 'file', name: '/usr/lib/libx.so' } as const;
const HEAP = { id: '00:01:5', kind: 'internal', name: '/memfd:heap (deleted)' } as const;

/** A file with correct checksums around any rows. */
function snapshotOf(rows: SnapshotRow[], host = hostOf()): Uint8Array {
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: PARQUET_SCHEMA });
  void parquet.write({
    columnData: COLUMN_NAMES.map((name) => ({ name, data: rows.map((row) => row[name]) })),
  });
  parquet.kvMetadata = packMetadata({
    facts: new Map(),
    files: new Map([LIBRARY, HEAP].map((file) => [file.id, file])),
    host,
    notices: [],
    groupChecksums: [crc32(writer.getBytes().subarray(4))],
  });
  void parquet.finish();
  return writer.getBytes();
}

describe('rows that cannot be', () => {
  const row = { ...ownerColumns(hostOf(), redis, vmaAt(0, 2 ** 30)), ...rangeColumns(rangeAt(1, 512)) };

  test('a sound row is read', async () => {
    expect(await read(snapshotOf([row]))).toHaveLength(3);
  });

  test.each<[string, Partial<SnapshotRow>, RegExp]>([
    ['a bitmap too short', { zero: new Uint8Array(63) }, /zero has 63 bytes where 64 are needed/],
    ['a bitmap too long', { present: new Uint8Array(65) }, /present has 65 bytes/],
    ['folio orders too short', { folio_orders: new Uint8Array(511) }, /folio_orders has 511 bytes/],
    ['an address inside a PMD', { range_address: 4096n }, /range_address 4096 is not a multiple of 2097152/],
    ['no occupancy', { present: null }, /present is null/],
    ['no end of the VMA', { vma_end: null }, /vma_end is null/],
    ['another PMD order', { pmd_order: 14 }, /PMD order 14/],
    ['another page shift', { page_shift: 14 }, /row 1: page shift 14/],
    ['no VMA', { vma_start: null }, /row 1: a range without a VMA/],
    [
      'a VMA that ends before it begins',
      { vma_start: 2n ** 31n },
      /row 1: the VMA at 0x80000000 ends before/,
    ],
    ['a VMA of part of a page', { vma_end: 2n ** 30n + 1n }, /is not of whole pages of 4096 bytes/],
    ['memory below none', { vma_rss_bytes: -4096n }, /the VMA at 0x0 has less than no memory/],
    ['a pid below none', { pid: -1 }, /row 1: process -1 that started at 123456/],
    ['a range behind its VMA', { range_address: 2n ** 30n }, /0x40000000 lies outside of its VMA/],
    ['a range before its VMA', { vma_start: 2n ** 22n }, /the range at 0x200000 lies outside of its VMA/],
    ['a page before its VMA', { vma_start: 2n ** 21n + 8192n }, /has page 0, which lies outside of its VMA/],
    ['a page behind its VMA', { vma_end: 2n ** 22n - 4096n }, /has page 511, which lies outside of its VMA/],
    [
      'a page present and in swap',
      { swap: new Uint8Array(64).fill(2, 7, 8) },
      /row 1: the range at 0x200000: page 57 is both present and in swap/,
    ],
    [
      'a folio larger than the range',
      { folio_orders: new Uint8Array(512).fill(10, 5) },
      /page 5, order 10: large folios have orders 1 to 9/,
    ],
  ])('%s', async (_, change, message) => {
    expectUnreadable(await read(snapshotOf([{ ...row, ...change }])), message);
  });

  test.each<[string, Partial<SnapshotRow>[], RegExp]>([
    ['the same range twice', [{}, {}], /row 2: the range at 0x200000 is there twice, or after one behind it/],
    ['ranges backwards', [{}, { range_address: 0n }], /row 2: the range at 0x0 is there twice, or after/],
    [
      'VMAs that overlap',
      [{}, { vma_start: 2n ** 29n, range_address: 2n ** 29n }],
      /row 2: the VMA at 0x20000000 begins before the one before it ends/,
    ],
    ['a process twice', [{}, { pid: 43 }, {}], /row 3: process 42 is there twice/],
  ])('%s', async (_, changes, message) => {
    expectUnreadable(await read(snapshotOf(changes.map((change) => ({ ...row, ...change })))), message);
  });

  const page = {
    geometry: hostOf().geometry,
    offset: 2 ** 21,
    present: rangeAt(0, 300).facts.present,
    folioOrders: undefined,
    swapPages: 200,
    dirtyPages: 7,
    mappedPages: 900,
  };
  const fileRow = { ...noOwner(hostOf()), ...cacheColumns(LIBRARY.id, page) };

  test('a sound row of a file is read', async () => {
    expect(await read(snapshotOf([row, fileRow]))).toEqual([
      ...((await read(snapshotOf([row]))) as MemoryItem[]),
      { kind: 'file', file: LIBRARY },
      { kind: 'cache-ranges', ranges: [page] },
    ]);
  });

  test.each<[string, Partial<SnapshotRow>, RegExp]>([
    ['a file that nobody knows', { file: 'fe:00:18' }, /row 1: file 'fe:00:18' is not in its metadata/],
    ['an offset inside a PMD range', { file_offset: 4096n }, /4096 of a file does not begin at a multiple/],
    [
      'an offset below 0',
      { file_offset: -(2n ** 21n) },
      /row 1: the range at -2097152 of a file does not begin/,
    ],
    ['no pages', { present: null }, /row 1: present is null/],
    ['less than no pages', { mapped_pages: -1 }, /has less than no pages/],
    ['more in swap than there is room', { swap_pages: 213 }, /has 300 pages, 213 in swap and 7 dirty/],
    ['more dirty than there are', { dirty_pages: 301 }, /has 300 pages, 200 in swap and 301 dirty/],
    ['a folio larger than the range', { folio_orders: new Uint8Array(512).fill(10) }, /page 0, order 10/],
  ])('%s', async (_, change, message) => {
    expectUnreadable(await read(snapshotOf([{ ...fileRow, ...change }])), message);
  });

  test.each<[string, SnapshotRow[], RegExp]>([
    ['a range of a file twice', [fileRow, fileRow], /row 2: the range at 2097152 of a file is there twice/],
    [
      'a file twice',
      [fileRow, { ...fileRow, file: HEAP.id }, fileRow],
      /row 3: file fe:00:17 is there twice/,
    ],
    ['a process behind a file', [fileRow, row], /row 2: process 42 comes behind a file/],
  ])('%s', async (_, rows, message) => {
    expectUnreadable(await read(snapshotOf(rows)), message);
  });

  test('the last rows of the row group before count where groups are read alone', async () => {
    const source = await opened(await snapshotBytes(sourceOf(oneVma(5000))));
    const read = async (index: number) => {
      let ranges = 0;
      for await (const item of source.groupItems(index))
        if (item.kind === 'ranges') ranges += item.ranges.length;
      return ranges;
    };
    expect(await read(1)).toBe(904);
    expect(await read(0)).toBe(4096);
    expect(await read(1)).toBe(904);
    // The first range of the second group is the last of the first one again.
    const items = oneVma(5000);
    const ranges = items[2].kind === 'ranges' ? [...items[2].ranges] : [];
    ranges[4096] = ranges[4095];
    const twice = await opened(
      await snapshotBytes(sourceOf([items[0], items[1], { kind: 'ranges', ranges }])),
    );
    const reading = async () => {
      for await (const _ of twice.groupItems(1));
    };
    await expect(reading).rejects.toThrow(/row 4097: the range at 0x1ffe00000 is there twice/);
  });

  test('a host of PMD order 14, of limits too large', async () => {
    const geometry = { pageShift: 12, pmdOrder: 14 };
    expectUnreadable(await read(snapshotOf([row], { ...hostOf(), geometry })), /host\.geometry\.pmdOrder/);
    const settings = { ...hostOf().settings!, maxPtesNone: 512 };
    expectUnreadable(await read(snapshotOf([row], { ...hostOf(), settings })), /max_ptes_none 512/);
  });

  test('damage in a later row group shows after the sound ones', async () => {
    const bytes = await snapshotBytes(sourceOf(oneVma(5000)));
    const second = parquetMetadata(bytes).row_groups[1].columns[0].file_offset;
    bytes[Number(second) + 100] ^= 1;
    const seen: string[] = [];
    const reading = async () => {
      for await (const item of (await opened(bytes)).items()) seen.push(item.kind);
    };
    await expect(reading).rejects.toThrow(SnapshotError);
    await expect(reading).rejects.toThrow(/row group 2 does not match its checksum/);
    expect(seen.slice(0, 3)).toEqual(['process', 'vma', 'ranges']);
  });
});

describe('hostile files', () => {
  /** A footer of these bytes with the length it claims. */
  function fileOf(footer: number[], length = footer.length): Uint8Array {
    const magic = [0x50, 0x41, 0x52, 0x31];
    return Uint8Array.from([
      ...magic,
      ...footer,
      ...[0, 8, 16, 24].map((shift) => length >>> shift),
      ...magic,
    ]);
  }

  test.each<[string, number[], number?]>([
    ['a footer longer than the file', [0], 0xffffffff],
    ['a list of two billion elements', [0x19, 0xfc, 0xff, 0xff, 0xff, 0xff, 0x07]],
    ['a number without an end', [0x16, ...Array.from({ length: 2 ** 20 }, () => 0xff)]],
    ['lists without an end', Array.from({ length: 2 ** 20 }, () => 0x19)],
    ['structs without an end', Array.from({ length: 2 ** 20 }, () => 0x1c)],
    ['a string longer than the file', [0x18, 0xff, 0xff, 0xff, 0xff, 0x07]],
    ['nothing', [0]],
  ])('a footer of %s', async (_, footer, length) => {
    expectUnreadable(await read(fileOf(footer, length)));
  });
});
