import { expect, test } from 'vitest';
import { FIRST_MTHP_SERIES, isBefore, seriesOf } from '../../../src/core/base/release.ts';

test.each([
  ['6.18.44-cloud-amd64', true],
  ['7.1.9', true],
  ['7.1-rc3', true],
  ['7.2.0', false],
  ['7.2-rc1', false],
  ['7.10.1', false],
  ['8.0.0', false],
])('%s is before 7.2: %s', (release, older) => {
  expect(isBefore(release, FIRST_MTHP_SERIES)).toBe(older);
});

test('a series is two numbers', () => {
  expect(seriesOf('6.18.44')).toEqual([6, 18]);
});
