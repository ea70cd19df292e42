import { expect, test } from 'vitest';
import { crc32 } from '../../src/snapshot/crc32.ts';

const digits = new TextEncoder().encode('123456789');

test('the check value of CRC-32, and nothing of nothing', () => {
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});

test('bytes beyond the last eight, and views, count the same', () => {
  const bytes = Uint8Array.from({ length: 67 }, (_, i) => i * 37);
  for (let length = 0; length <= bytes.length; length++) {
    for (let start = 0; start < Math.min(length, 9); start++)
      expect(crc32(bytes.subarray(start, length))).toBe(bitByBit(bytes.subarray(start, length)));
  }
});

function bitByBit(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
