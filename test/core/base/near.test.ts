import { expect, test } from 'vitest';
import { nearestWord } from '../../../src/core/base/near.ts';

test.each([
  ['alway', 'always'],
  ['nevr', 'never'],
  ['maddvise', 'madvise'],
  ['always', 'always'],
])('%s is near to %s', (typed, word) => {
  expect(nearestWord(typed, ['always', 'madvise', 'never'])).toBe(word);
});

test.each(['', '2', 'on', 'inherit'])('%s is near to none of the words', (typed) => {
  expect(nearestWord(typed, ['always', 'madvise', 'never', '0', '1'])).toBeUndefined();
});

test('of several near words the nearest is meant', () => {
  const files = ['hugepages-16kB/enabled', 'hugepages-64kB/enabled', 'hugepages-1024kB/enabled'];
  expect(nearestWord('hugepages-64kb/enabled', files)).toBe('hugepages-64kB/enabled');
});
