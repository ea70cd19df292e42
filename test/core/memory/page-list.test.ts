import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder, pagesPerRange, x86_64 } from '../../../src/core/memory/geometry.ts';
import {
  countPages,
  countWindow,
  difference,
  fullOccupancy,
  intersection,
  isEmpty,
  union,
} from '../../../src/core/memory/occupancy.ts';
import { asOffset, asOrder } from '../../../src/core/memory/order.ts';
import { formatPages, parsePages } from '../../../src/core/memory/page-list.ts';
import { listPages, messageOf, pages, valueOf } from '../../support/ranges.ts';
import '../../support/seed.ts';
import { occupancies } from '../arbitraries.ts';

/** Small geometries too: their ranges do not fill a word. */
const geometries = fc.constantFrom(3, 4, 5, 9, 11, 13).map(geometryOfPmdOrder);
const bitmaps = geometries.chain((geometry) =>
  fc.record({ geometry: fc.constant(geometry), occupancy: occupancies(geometry) }),
);

describe('pages are read from', () => {
  test.for([
    ['', ''],
    ['0', '0'],
    ['0-15,100', '0-15,100'],
    ['100,0-15', '0-15,100'],
    ['0-3,2-5', '0-5'],
    ['all', '0-511'],
    ['N', '511'],
    ['500-N', '500-511'],
    ['0-15:1/4', '0,4,8,12'],
    ['0-15:3/4', '0-2,4-6,8-10,12-14'],
    ['1-10:2/4', '1-2,5-6,9-10'],
    ['0-8:3/4', '0-2,4-6,8'],
    ['0-15:4/4', '0-15'],
    ['0-15:0/4', ''],
    ['all:1/256', '0,256'],
    ['0-N:1/128,5', '0,5,128,256,384'],
    ['0x0', ''],
    ['0xffff', '0-15'],
    ['0XF0', '4-7'],
    ['0x100000000', '32'],
    [' 0-3, 5 ', '0-3,5'],
  ])('%j', ([text, list]) => expect(formatPages(pages(text))).toBe(list));

  test('a hexadecimal number up to the last page', () => {
    expect(formatPages(pages(`0x8${'0'.repeat(127)}`))).toBe('511');
    expect(formatPages(pages('0xff', geometryOfPmdOrder(3)))).toBe('0-7');
  });
});

describe('pages are refused', () => {
  test.for([
    ['512', '0 to 511'],
    ['500-512', '0 to 511'],
    ['99999999999999999999', '0 to 511'],
    ['5-3', 'write 3-5'],
    ['x', 'not a page or a range'],
    ['1,', 'not a page or a range'],
    ['-1', 'not a page or a range'],
    ['1-', 'not a page or a range'],
    ['1.5', 'not a page or a range'],
    ['0-15:5/4', "at most the group's size"],
    ['0-15:0/0', "at most the group's size"],
    ['0xg', 'not a hexadecimal number'],
    ['0x', 'not a hexadecimal number'],
    [`0x1${'0'.repeat(128)}`, 'a bit beyond page 511'],
  ])('%j: %s', ([text, reason]) => expect(messageOf(parsePages(text, x86_64))).toContain(reason));

  test('beyond the last page of a small range', () => {
    expect(messageOf(parsePages('8', geometryOfPmdOrder(3)))).toContain('0 to 7');
    expect(messageOf(parsePages('0x100', geometryOfPmdOrder(3)))).toContain('page 7');
  });

  test('with a short message, however long the text', () => {
    expect(messageOf(parsePages('1,'.repeat(5000), x86_64)).length).toBeLessThan(200);
  });
});

test('a bitmap written as a list or as a number reads back the same', () => {
  fc.assert(
    fc.property(bitmaps, ({ geometry, occupancy }) => {
      const list = formatPages(occupancy);
      expect(valueOf(parsePages(list, geometry))).toEqual(occupancy);
      const hex = `0x${[...occupancy]
        .map((word) => word.toString(16).padStart(8, '0'))
        .reverse()
        .join('')}`;
      expect(valueOf(parsePages(hex, geometry))).toEqual(occupancy);
    }),
    { numRuns: 300 },
  );
});

describe('a bitmap', () => {
  test('counts its pages in every aligned window', () => {
    const place = fc.record({ order: fc.nat({ max: 13 }), at: fc.nat({ max: 8191 }) });
    fc.assert(
      fc.property(bitmaps, place, ({ geometry, occupancy }, { order, at }) => {
        const window = Math.min(order, geometry.pmdOrder);
        const first = ((at % pagesPerRange(geometry)) >> window) << window;
        const listed = listPages(occupancy);
        const inside = listed.filter((page) => page >= first && page < first + 2 ** window);
        expect(countWindow(occupancy, asOffset(first), asOrder(window))).toBe(inside.length);
        expect(countPages(occupancy)).toBe(listed.length);
        expect(isEmpty(occupancy)).toBe(listed.length === 0);
      }),
      { numRuns: 500 },
    );
  });

  test('may be a view into a larger array', () => {
    const many = new Uint32Array(48);
    const view = many.subarray(16, 32);
    view.set(pages('0-15'));
    expect(countWindow(view, asOffset(0), asOrder(9))).toBe(16);
    expect([many[15], many[16], many[32]]).toEqual([0, 0xffff, 0]);
  });

  test('has unions, intersections and differences', () => {
    const [a, b] = [pages('0-40'), pages('30-99')];
    expect([union(a, b), intersection(a, b), difference(a, b)].map(formatPages)).toEqual([
      '0-99',
      '30-40',
      '0-29',
    ]);
  });

  test('that is full has every page of the range and no more', () => {
    for (const pmdOrder of [3, 4, 5, 9, 13]) {
      expect(countPages(fullOccupancy(geometryOfPmdOrder(pmdOrder)))).toBe(2 ** pmdOrder);
    }
  });
});
