import { expect, test } from 'vitest';
import { clickHouseError, readClickHouseAnswer } from '../../../src/fleet/engines/clickhouse-answer.ts';

const answer = (type: string, value: unknown, more: object = {}) =>
  JSON.stringify({ meta: [{ name: 'a', type }], data: [[value]], rows: 1, ...more });

test.each<[string, unknown, unknown]>([
  ['UInt8', 1, 1],
  ['Int64', '-5', -5],
  ['UInt64', String(Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER],
  ['Nullable(Int64)', null, null],
  ['Nullable(Nothing)', null, null],
  ['LowCardinality(Nullable(String))', null, null],
  ['LowCardinality(String)', 'x', 'x'],
  ['String', '17', '17'],
  ['Date', '2026-11-24', '2026-11-24'],
  ["DateTime64(3, 'UTC')", '2026-11-24 01:02:03.004', '2026-11-24 01:02:03.004'],
  ["Enum8('a' = 1)", 'a', 'a'],
  ['Bool', true, 1],
  ['Float64', 1.5, 1.5],
  ['Decimal(18, 2)', 1.5, 1.5],
])('%s %j is read as %j', (type, value, expected) => {
  expect(readClickHouseAnswer(answer(type, value))).toEqual({ ok: true, value: [{ a: expected }] });
});

test.each<[string, unknown]>([
  ['Int64', '9007199254740992'],
  ['UInt64', '18446744073709551615'],
  ['Int128', '-9007199254740992'],
  // Infinity, which JSON does not have.
  ['Float64', null],
  ['Array(Int64)', ['1']],
  ['Tuple(Int64)', ['1']],
  ['String', 5],
])('%s %j fails', (type, value) => {
  const read = readClickHouseAnswer(answer(type, value));
  expect(read).toMatchObject({ ok: false, failure: { kind: 'unsupported' } });
  expect(read.ok || read.failure.message).toContain('column a');
});

const WHOLE = answer('Int64', '1', { statistics: { elapsed: 1 } });

test('every beginning of an answer fails, with or without the error that ended it', () => {
  for (let length = 0; length < WHOLE.length; length++) {
    for (const end of ['', 'Code: 210, e.displayText() = DB::NetException: Connection reset, e.what() = x'])
      expect(readClickHouseAnswer(WHOLE.slice(0, length) + end).ok).toBe(false);
  }
  expect(readClickHouseAnswer(WHOLE).ok).toBe(true);
});

test.each<[string, string, string]>([
  [
    'the text of an old server',
    `${WHOLE.slice(0, 40)}Code: 210, e.displayText() = DB::NetException: Gone, e.what() = x`,
    'the query failed in its middle: Gone (code 210)',
  ],
  [
    'the field of a new one',
    answer('Int64', '1', {
      exception: 'Code: 241. DB::Exception: Memory limit exceeded: while x. (MEMORY) (version 26.7)',
    }),
    'the query failed in its middle: Memory limit exceeded (code 241)',
  ],
  [
    'an exception alone',
    '{"exception":"Code: 60. DB::Exception: No table. (version 26)"}',
    'the query failed in its middle: No table (code 60)',
  ],
  ['fewer rows than it counts', answer('Int64', '1', { rows: 2 }), 'the answer has 1 of 2 rows'],
  ['a page of the web', '<html>', 'the answer broke off or is not of ClickHouse'],
  ['other JSON', '{"data":[]}', 'the answer broke off or is not of ClickHouse'],
  ['null', 'null', 'the answer broke off or is not of ClickHouse'],
])('fails on %s', (_, text, message) => {
  expect(readClickHouseAnswer(text)).toEqual({ ok: false, failure: { kind: 'unreadable', message } });
});

test('an error is told from other text', () => {
  expect(
    clickHouseError('Code: 62, e.displayText() = DB::Exception: Syntax error, e.what() = DB::Exception'),
  ).toBe('Syntax error (code 62)');
  expect(clickHouseError('<html>502 Bad Gateway</html>')).toBe(undefined);
});
