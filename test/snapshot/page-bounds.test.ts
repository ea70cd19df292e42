import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { crc32 } from '../../src/snapshot/crc32.ts';
import { Damage } from '../../src/snapshot/damage.ts';
import { checkPages } from '../../src/snapshot/page-bounds.ts';
import { readFooter, readRowGroup } from '../../src/snapshot/parquet-file.ts';
import '../support/seed.ts';
import { bufferOf } from './sources.ts';

/** A struct of Thrift's compact protocol by field ids. */
type Struct = { readonly [id: number]: number | boolean | Struct };

function varInt(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varInt(Math.floor(value / 128))];
}

function struct(fields: Struct): number[] {
  const bytes: number[] = [];
  for (const [id, value] of Object.entries(fields)) {
    const type = typeof value === 'number' ? 5 : typeof value === 'boolean' ? (value ? 1 : 2) : 12;
    bytes.push(type, ...varInt(2 * Number(id)));
    if (typeof value === 'number') bytes.push(...varInt(value >= 0 ? 2 * value : -2 * value - 1));
    else if (typeof value === 'object') bytes.push(...struct(value));
  }
  return [...bytes, 0];
}

const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;

/** A page of a dictionary of so many 4-byte values. */
function dictionary(values: number, more: Struct = {}): number[] {
  const bytes = Array.from({ length: 4 * Math.min(values, 8) }, () => 7);
  return [
    ...struct({ 1: 2, 2: bytes.length, 3: bytes.length, 7: { 1: values, 2: PLAIN }, ...more }),
    ...bytes,
  ];
}

/** A data page of these bytes, not compressed, as `more` and `data` say otherwise. */
function page(values: number, bytes: number[], encoding = PLAIN, data: Struct = {}, more: Struct = {}) {
  const header = { 1: values, 2: 0, 3: values, 4: encoding, 5: 0, 6: 0, 7: false, ...data };
  return [...struct({ 1: 3, 2: bytes.length, 3: bytes.length, 8: header, ...more }), ...bytes];
}

const FACTS = { rows: 10, isNullable: false, isBoolean: false, isSnappy: false };

/** What is wrong with a chunk; undefined if nothing is. */
function complaint(bytes: number[], facts: Partial<typeof FACTS> = {}): string | undefined {
  try {
    checkPages(Uint8Array.from(bytes), { ...FACTS, ...facts }, (what) => {
      throw new Damage(what);
    });
    return undefined;
  } catch (error) {
    if (error instanceof Damage) return error.message;
    throw error;
  }
}

const FOUR_BYTES = [0, 0, 0, 0];
const plain = Array.from({ length: 40 }, () => 1);
const bitmapIndex = [1, 3, 0b0101, 2 * 2, 1];

test('sound chunks pass', () => {
  expect(complaint(page(10, plain))).toBeUndefined();
  expect(complaint([...page(4, plain.slice(16)), ...page(6, plain.slice(24))])).toBeUndefined();
  expect(complaint([...dictionary(2), ...page(10, bitmapIndex, RLE_DICTIONARY)])).toBeUndefined();
  expect(complaint(page(10, [...FOUR_BYTES, 20, 1], RLE), { isBoolean: true })).toBeUndefined();
  const nulls = { 2: 4, 5: 4 };
  const levels = [2 * 6, 1, 2 * 4, 0];
  expect(complaint(page(10, [...levels, ...plain], PLAIN, nulls), { isNullable: true })).toBeUndefined();
});

describe('what a chunk claims is held to the rows of its group', () => {
  const HUGE = 2 ** 31 - 1;
  test.each<[string, number[], RegExp, Partial<typeof FACTS>?]>([
    ['values', page(HUGE, plain), /a page of 2147483647 values in 2147483647 rows where 10 are left/],
    ['no values', page(0, []), /a page of 0 values/],
    [
      'values of several pages',
      [...page(6, plain), ...page(6, plain)],
      /a page of 6 values .* where 4 are left/,
    ],
    ['rows', page(10, plain, PLAIN, { 3: 9 }), /10 values in 9 rows/],
    ['nulls', page(10, plain, PLAIN, { 2: 11 }), /11 nulls/, { isNullable: true }],
    ['nulls where there are none', page(10, plain, PLAIN, { 2: 1 }), /1 nulls in a page of 10 values/],
    ['a negative number', page(10, plain, PLAIN, { 2: -1 }), /a page header says -1 in field 8.2/],
    ['a number of more than 31 bits', page(10, plain, PLAIN, { 2: 2 ** 32 }), /says 4294967296 in field 8.2/],
    [
      'a dictionary',
      [...dictionary(HUGE), ...page(10, plain)],
      /a dictionary of 2147483647 values for 10 rows/,
    ],
    ['two dictionaries', [...dictionary(2), ...dictionary(2)], /a dictionary too many/],
    ['a late dictionary', [...page(4, plain), ...dictionary(2)], /a dictionary too many/],
    [
      'an encoding of a dictionary',
      [...dictionary(2, { 7: { 1: 2, 2: 5 } }), ...page(10, plain)],
      /a dictionary in another encoding than snapshots have \(5\)/,
    ],
    ['an encoding', page(10, plain, 5), /values in another encoding than snapshots have \(5\)/],
    ['an index without a dictionary', page(10, bitmapIndex, RLE_DICTIONARY), /another encoding/],
    ['an old data page', struct({ 1: 0, 2: 0, 3: 0 }), /a page of another kind than snapshots have \(0\)/],
    ['bytes', page(10, plain, PLAIN, {}, { 3: 9999 }), /a page of 9999 bytes is longer than the file/],
    ['bytes before packing', page(10, plain, PLAIN, {}, { 2: 41 }), /a page of 41 bytes out of 40/],
    [
      'bytes that snappy cannot make',
      page(10, plain, PLAIN, { 7: true }, { 2: 100_000_000 }),
      /a page of 100000000 bytes out of 40/,
      { isSnappy: true },
    ],
    [
      'what cannot be unpacked',
      [...dictionary(2), ...page(10, plain, RLE_DICTIONARY, { 7: true })],
      /a page that cannot be unpacked/,
      { isSnappy: true },
    ],
    ['levels of repetition', page(10, plain, PLAIN, { 6: 4 }), /levels that it cannot have/],
    ['levels beyond the page', page(10, plain, PLAIN, { 5: 41 }), /levels that it cannot have/],
    [
      'a run of booleans',
      page(10, [...FOUR_BYTES, ...varInt(2 * (2 ** 30 - 1)), 1], RLE),
      /a run of 1073741823 values where 10 are left/,
      { isBoolean: true },
    ],
    [
      'a run of levels',
      page(10, [...varInt(2 * 11), 1, ...plain], PLAIN, { 5: 2 }),
      /a run of 11 values where 10 are left/,
      { isNullable: true },
    ],
    [
      'a run of indexes',
      [...dictionary(2), ...page(10, [1, 2 * 8, 0, ...varInt(2 * 3), 0], RLE_DICTIONARY)],
      /a run of 3 values where 2 are left/,
    ],
    [
      'packed indexes',
      [...dictionary(2), ...page(10, [1, ...varInt(2 * 2 ** 28 + 1), 0], RLE_DICTIONARY)],
      /a run of 2147483648 values where 10 are left/,
    ],
    [
      'packed indexes of no bits',
      [...dictionary(1), ...page(10, [0, 2 * 1 + 1, 9, ...varInt(2 * 9)], RLE_DICTIONARY)],
      /a run of 9 values where 2 are left/,
    ],
    ['a run of nothing', [...dictionary(2), ...page(10, [1, 0, 0], RLE_DICTIONARY)], /a run of 0 values/],
    ['wide indexes', [...dictionary(2), ...page(10, [33, 20], RLE_DICTIONARY)], /numbers of 33 bits/],
    [
      'runs that end',
      [...dictionary(2), ...page(10, [1, 2 * 4, 0], RLE_DICTIONARY)],
      /a run ends in the middle/,
    ],
    ['a field that is not there', struct({ 1: 3, 2: 0, 3: 0, 8: { 1: 10, 2: 0 } }), /says -1 in field 8.5/],
    ['a header that ends', [0x15], /a page header ends in the middle/],
    ['a field twice', [...struct({ 1: 3 }).slice(0, -1), ...struct({ 1: 2 })], /field 1 after field 1/],
    ['a list longer than the file', [0x19, 0xfc, ...varInt(2 ** 31)], /a list of 2147483648 elements/],
    ['no pages', [], /a page header ends in the middle/],
  ])('%s', (_, bytes, message, facts) => {
    expect(complaint(bytes, facts)).toMatch(message);
  });
});

test('bytes of a row group that were changed with their checksum are damage, or as many rows', async () => {
  const sound = new Uint8Array(readFileSync('examples/redis.parquet'));
  const footer = await readFooter(bufferOf(sound));
  const { columns, num_rows } = footer.row_groups[0];
  const starts = columns.map(({ meta_data: chunk }) =>
    Number(chunk?.dictionary_page_offset ?? chunk?.data_page_offset),
  );
  const end = starts[starts.length - 1] + Number(columns.at(-1)?.meta_data?.total_compressed_size);
  // Headers are at the starts of chunks; elsewhere values are changed mostly.
  const place = fc.oneof(
    fc.nat(end - starts[0] - 1).map((at) => starts[0] + at),
    fc.tuple(fc.constantFrom(...starts), fc.nat(40)).map(([start, at]) => Math.min(start + at, end - 1)),
  );
  let damaged = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(place, fc.nat(255)), { minLength: 1, maxLength: 3 }),
      async (changes) => {
        const bytes = sound.slice();
        for (const [at, value] of changes) bytes[at] = value;
        const checksum = crc32(bytes.subarray(starts[0], end));
        try {
          const read = await readRowGroup(bufferOf(bytes), footer, 0, checksum, new Map());
          for (const values of Object.values(read)) expect(values).toHaveLength(Number(num_rows));
        } catch (error) {
          expect(error).toBeInstanceOf(Damage);
          damaged++;
        }
      },
    ),
    { numRuns: 1500 },
  );
  expect(damaged).toBeGreaterThan(100);
}, 60_000);
