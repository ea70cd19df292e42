import { expect, test } from 'vitest';
import { growth, levels, sparkline } from '../../src/render/text/layout/sparkline.ts';

test('heights follow values; nothing is told from a little', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8])).toBe('·▁▂▃▄▅▆▇█');
  expect(sparkline([0, 0.001, 800], 800)).toBe('·▁█');
  expect(sparkline([4, 4], 8)).toBe('▄▄');
  expect(sparkline([0, 0])).toBe('··');
  expect(sparkline([])).toBe('');
});

const points = [
  { at: 0, value: 1 },
  { at: 4, value: 3 },
  { at: 9, value: 7 },
  { at: 10, value: 8 },
];

test('a column shows the value at its end, the last one that of the end', () => {
  expect(levels(points, 10, 5)).toEqual([1, 3, 3, 3, 8]);
  expect(levels(points, 10, 1)).toEqual([8]);
  expect(levels([], 10, 2)).toEqual([0, 0]);
});

test('growth adds up to the last value', () => {
  expect(growth(points, 10, 5)).toEqual([1, 2, 0, 0, 5]);
});
