import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import { expect, test } from 'vitest';
import { unpackSnappy } from '../../src/snapshot/snappy.ts';
import '../support/seed.ts';

/** Bytes that repeat themselves near and far, as pages do. */
const pages = fc
  .array(fc.tuple(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 40 })), { maxLength: 12 })
  .map((parts) =>
    Uint8Array.from(
      parts.flatMap(([bytes, times]) =>
        Array(times)
          .fill([...bytes])
          .flat(),
      ),
    ),
  );

function packed(bytes: Uint8Array): Uint8Array {
  return snappyCompress(bytes);
}

test('what the writer packs comes out again', () => {
  fc.assert(
    fc.property(pages, (bytes) => {
      expect(unpackSnappy(packed(bytes), bytes.length)).toEqual(bytes);
      expect(unpackSnappy(packed(bytes), bytes.length + 1)).toBeUndefined();
    }),
  );
});

test('changed bytes come out as hyparquet has them, or not at all', () => {
  fc.assert(
    fc.property(pages, fc.nat(), fc.nat(127), (bytes, at, value) => {
      const changed = packed(bytes);
      if (changed.length === 0) return;
      changed[at % changed.length] = value;
      const output = unpackSnappy(changed, bytes.length);
      if (!output) return;
      const expected = new Uint8Array(bytes.length);
      snappyUncompress(changed, expected);
      expect(output).toEqual(expected);
    }),
  );
});

test('a length that is negative in 32 bits goes nowhere', () => {
  const bytes = Uint8Array.from([8, 0, 7, 252, 0xf9, 0xff, 0xff, 0xff, 1, 2, 3]);
  expect(unpackSnappy(bytes, 8)).toBeUndefined();
});

test('copies overlap what they make', () => {
  // One literal byte, then 63 more of it from one byte back.
  expect(unpackSnappy(Uint8Array.from([64, 0, 7, (62 << 2) | 2, 1, 0]), 64)).toEqual(
    new Uint8Array(64).fill(7),
  );
});
