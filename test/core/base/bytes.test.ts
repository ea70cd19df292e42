import { expect, test } from 'vitest';
import { formatBytes, parseBytes } from '../../../src/core/base/bytes.ts';

test.for([
  [0, '0B'],
  [1, '1B'],
  [999, '999B'],
  [1023, '1023B'],
  [1024, '1K'],
  [1536, '1.5K'],
  [16384, '16K'],
  [65536, '64K'],
  [10 * 1024 + 512, '10.5K'],
  [1000 * 1024, '1000K'],
  [1024 ** 2, '1M'],
  [1.25 * 1024 ** 2, '1.25M'],
  [2 * 1024 ** 2, '2M'],
  [100 * 1024 ** 2, '100M'],
  [123.4 * 1024 ** 2, '123M'],
  [1.5 * 1024 ** 3, '1.5G'],
  [1024 ** 4, '1T'],
  [-65536, '-64K'],
] as const)('%i bytes are written %j', ([bytes, text]) => expect(formatBytes(bytes)).toBe(text));

test.for([
  ['64K', 65536],
  ['64k', 65536],
  ['64kB', 65536],
  ['64KiB', 65536],
  ['2M', 2 * 1024 ** 2],
  ['1GiB', 1024 ** 3],
  ['1T', 1024 ** 4],
] as const)('%j is read as %i bytes', ([text, bytes]) => expect(parseBytes(text)).toBe(bytes));

test.for(['', '64', 'K', '-1K', '1.5K', '64Q', '64 K', '64Kb/s', '64KK'])('%j is no size', (text) => {
  expect(parseBytes(text)).toBeUndefined();
});
