import { describe, expect, test } from 'vitest';
import { formatDuration, parseDuration } from '../../../src/core/base/duration.ts';

describe('durations', () => {
  test.each([
    [0, '0ns'],
    [350, '350ns'],
    [12_345, '12.3us'],
    [999_999, '1000us'],
    [4_500_000, '4.5ms'],
    [52.3e9, '52.3s'],
    [59.99e9, '60s'],
    [80e9, '1m 20s'],
    [60e9, '1m'],
    [40_920e9, '11h 22m'],
    [3599.9e9, '1h'],
    [86_400e9, '1d'],
    [273_600e9, '3d 4h'],
  ])('%d ns reads %s', (ns, text) => expect(formatDuration(ns)).toBe(text));

  test('are read with units, and added up', () => {
    expect(parseDuration('250ms')).toBe(250e6);
    expect(parseDuration('1.5h')).toBe(5400e9);
    expect(parseDuration('2h 5m')).toBe(7500e9);
    for (const text of ['', '5', 's', '-1s', '1 s', '1w']) expect(parseDuration(text)).toBeUndefined();
  });

  test('come back as they were written', () => {
    for (const ns of [1, 999, 1e3, 10e6, 30e9, 90e9, 3600e9, 86_400e9 * 7]) {
      expect(parseDuration(formatDuration(ns))).toBe(ns);
    }
  });
});
