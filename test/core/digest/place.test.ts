import { expect, test } from 'vitest';
import { digestPlaceOf } from '../../../src/core/digest/place.ts';
import { emptyOccupancy } from '../../../src/core/memory/occupancy.ts';
import { type RangeText as Facts, listPages, rangeOf } from '../../support/ranges.ts';

const place = (facts: Facts) => {
  const range = rangeOf(facts);
  const occupied = emptyOccupancy(range.geometry);
  return { place: digestPlaceOf(range, occupied), occupied: listPages(occupied) };
};

test.each([
  [{ present: '0-3' }, 'ordinary'],
  [{ present: '' }, 'ordinary'],
  [{ present: '0-15', folios: ['4@0-15'] }, 'ordinary'],
  [{ present: '0-3', shared: '4' }, 'ordinary'],
  [{ present: '0-300', swap: '301' }, 'blocked'],
  [{ present: '0-300', swap: '301', guard: '301' }, 'apart'],
  [{ present: '0-3', shared: '2' }, 'blocked'],
  [{ present: '0-7', shared: '6' }, 'apart'],
  [{ present: '0-3', unreferenced: '2' }, 'apart'],
  [{ present: '0-3', lazyfree: '2' }, 'apart'],
  [{ present: '0-3', uffdArmed: true }, 'apart'],
  [{ present: '0-3', pinned: '2' }, 'SCAN_PAGE_COUNT'],
  [{ present: '0-3', locked: '2' }, 'SCAN_PAGE_LOCK'],
  [{ present: '0-3', unreferenced: '0-3' }, 'SCAN_LACK_REFERENCED_PAGE'],
  [{ present: 'all', folios: ['9@0-511'], pmdMapped: true }, 'SCAN_PMD_MAPPED'],
] satisfies [Facts, string][])('%j: %s', (facts, expected) => {
  expect(place(facts).place).toBe(expected);
});

test('the occupied PTEs of an ordinary range are those that map no zero page', () => {
  expect(place({ present: '0-5', zero: '2,4' }).occupied).toEqual([0, 1, 3, 5]);
});
