import { expect, test } from 'vitest';
import { formatRun, numberRuns, runList, runsOf } from '../../../src/core/base/run-list.ts';

test('neighbours are one run', () => {
  expect(runList([2, 3, 4, 9])).toBe('2-4,9');
  expect(runList([0])).toBe('0');
  expect(runList([])).toBe('');
  expect(runList([1, 3, 5])).toBe('1,3,5');
});

test('ends of runs are written by the caller', () => {
  const written = numberRuns([4, 5, 9]).map((run) => formatRun(run, (order) => `${4 << order}K`));
  expect(written).toEqual(['64K-128K', '2048K']);
});

test('the caller decides what follows', () => {
  const runs = runsOf(['a1', 'a2', 'b3'], ([last], [next]) => last === next);
  expect(runs).toEqual([
    { first: 'a1', last: 'a2' },
    { first: 'b3', last: 'b3' },
  ]);
});
