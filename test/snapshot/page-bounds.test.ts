import { ByteWriter } from 'hyparquet-writer';
import { expect, test } from 'vitest';
import { checkPages } from '../../src/snapshot/page-bounds.ts';

interface Claims {
  uncompressed?: number;
  values?: number;
  nulls?: number;
  encoding?: number;
  levels?: number[];
  body?: number[];
}

const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;

/** A data page of 8 nullable values that says what it is told to. */
function page({
  values = 8,
  nulls = 0,
  encoding = PLAIN,
  levels = [16, 1],
  body = [],
  ...claims
}: Claims): Uint8Array {
  const writer = new ByteWriter();
  const field = (value: number) => {
    writer.appendUint8(0x15);
    writer.appendVarInt(value * 2);
  };
  field(3);
  field(claims.uncompressed ?? levels.length + body.length);
  field(levels.length + body.length);
  writer.appendUint8(0x5c);
  for (const value of [values, nulls, values, encoding, levels.length, 0]) field(value);
  writer.appendBytes(Uint8Array.from([0, 0, ...levels, ...body]));
  return writer.getBytes();
}

const check = (claims: Claims) => checkPages(page(claims), 8, true, false);

test('a page of the right number of values passes', () => {
  check({});
  check({ levels: [3, 0b11110000], nulls: 4 });
  check({ encoding: RLE_DICTIONARY, body: [2, 16, 3] });
  check({ encoding: RLE, body: [2, 0, 0, 0, 16, 1] });
});

test.each<[string, Claims, RegExp]>([
  ['more values than rows', { values: 9 }, /claims 9/],
  ['fewer values than rows', { values: 7, levels: [14, 1] }, /7 values in a column of 8/],
  ['two gigabytes', { uncompressed: 2 ** 30 }, /claims 1073741824/],
  ['more nulls than values', { nulls: 9 }, /claims 9/],
  ['a run of two billion levels', { levels: [0xfe, 0xff, 0xff, 0xff, 0x0f, 1] }, /run of 2147483647/],
  [
    'a run of two billion indices',
    { encoding: RLE_DICTIONARY, body: [1, 0xfe, 0xff, 0xff, 0xff, 0x0f, 1] },
    /run of/,
  ],
  ['a packed run of two billion', { levels: [0xff, 0xff, 0xff, 0xff, 0x0f, 1] }, /run of/],
  ['a run of nothing', { levels: [0, 1] }, /run of 0/],
  ['runs that end early', { levels: [8, 1] }, /no end/],
  ['indices of 32 bits', { encoding: RLE_DICTIONARY, body: [32, 16, 0, 0, 0, 0] }, /32 bits/],
])('a page that claims %s is refused', (_, claims, message) => {
  expect(() => check(claims)).toThrow(message);
});
