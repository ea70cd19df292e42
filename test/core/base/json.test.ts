import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { numberText, parseJson } from '../../../src/core/base/json.ts';
import '../../support/seed.ts';

describe('JSON is read as JSON.parse reads it', () => {
  test('whatever it holds', () => {
    fc.assert(
      fc.property(fc.json(), (json) => {
        expect(parseJson(json)).toEqual({ ok: true, value: JSON.parse(json) });
      }),
    );
  });

  test('after a byte order mark', () => {
    expect(parseJson('\ufeff{"a":1}')).toEqual({ ok: true, value: { a: 1 } });
    expect(parseJson('\ufeff\ufeff{}')).toMatchObject({ ok: false });
  });
});

describe('a key twice in an object is refused', () => {
  test.each([
    ['{"a":1,"a":2}', 'a'],
    ['{"a":1,"b":{"a":2},"a":3}', 'a'],
    ['[{"x":{}},{"b":[{"a":1 , "a"\n:2}]}]', 'a'],
    [String.raw`{"\u0061":1,"a":2}`, 'a'],
    [String.raw`{"\"":1,"\\":2,"\"":3}`, '"'],
    ['{"__proto__":1,"__proto__":2}', '__proto__'],
  ])('%s', (json, key) => {
    const message = `has the key ${JSON.stringify(key)} twice in an object`;
    expect(parseJson(json)).toEqual({ ok: false, failure: { kind: 'unreadable', message } });
  });

  test.each([
    '{"a":{"a":1}}',
    '[{"a":1},{"a":1}]',
    '{"a":"a","b":"a"}',
    String.raw`{"a":"\"a\":1,\"a\":2"}`,
    '["a","a"]',
  ])('and not %s', (json) => {
    expect(parseJson(json).ok).toBe(true);
  });
});

test.each([
  ['{"id":12345678901234567890}', '12345678901234567890'],
  ['{"a":{"id":1},"id" : -0.10e+5,"b":2}', '-0.10e+5'],
  ['{"id":"7"}', undefined],
  ['{"a":{"id":1}}', undefined],
  ['{"a":"\\"id\\":7"}', undefined],
])('the number at a key is found as it is written: %s', (json, text) => {
  expect(numberText(json, 'id')).toBe(text);
});
