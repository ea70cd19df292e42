import { expect, test } from 'vitest';
import { clickHouseText } from '../../../src/fleet/engines/clickhouse-text.ts';

test.each([
  [String.raw`a = 'foo\x2dbar.service'`, String.raw`a = 'foo\\x2dbar.service'`],
  [String.raw`a = 'it''s \' AND b = '\\'`, String.raw`a = 'it''s \\' AND b = '\\\\'`],
  [String.raw`"odd\name" = '"\"'`, String.raw`"odd\\name" = '"\\"'`],
  [
    String.raw`a -- it's \ here
 = '\'`,
    String.raw`a -- it's \ here
 = '\\'`,
  ],
  [String.raw`/* '\ */ '\' /* " */`, String.raw`/* '\ */ '\\' /* " */`],
  [String.raw`a = 'no end \ `, String.raw`a = 'no end \ `],
  ['', ''],
])('%s becomes %s', (sql, expected) => {
  expect(clickHouseText(sql)).toBe(expected);
});
