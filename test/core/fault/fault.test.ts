import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../../support/seed.ts';
import { parseHistory, playHistory } from '../../../src/core/fault/history.ts';
import { VmaPages } from '../../../src/core/fault/vma-pages.ts';
import { geometryOfPmdOrder, x86_64 } from '../../../src/core/memory/geometry.ts';
import { parseOrders } from '../../../src/core/memory/order.ts';
import { parseSpan } from '../../../src/core/memory/page-span.ts';
import { valueOf } from '../../support/ranges.ts';

/**
 * What a history leaves, as "offset:order" for folios of four pages and more, and the resident and zero
 * pages.
 */
function play(vma: string, history: string, orders: string, { hugeZeroPage = true, pmdOrder = 9 } = {}) {
  const span = valueOf(parseSpan(vma));
  const geometry = pmdOrder === 9 ? x86_64 : geometryOfPmdOrder(pmdOrder);
  const set = orders === '' ? 0 : valueOf(parseOrders(orders, geometry));
  const pages = new VmaPages(geometry, span, { orders: set as never, hugeZeroPage });
  playHistory(pages, valueOf(parseHistory(history, span)));
  const folios = pages.folios().map(({ first, order }) => `${first}:${order}`);
  return [folios.join(' '), pages.present, pages.zero];
}

describe('what page faults of 7.2 and 7.3 were seen to do', () => {
  test.each([
    ['2-9', '0-1024', 'w37', '0:9', 512, 0],
    ['2-9', '3-1024', 'w3', '', 1, 0],
    ['2-9', '3-1024', 'w37', '32:5', 32, 0],
    ['2-9', '3-1024', 'w261', '256:8', 256, 0],
    ['2-9', '5-25', 'w9', '8:3', 8, 0],
    ['4', '5-25', 'w9', '', 1, 0],
    ['2,4', '5-25', 'w9', '8:2', 4, 0],
    ['4,9', '3-1024', 'w261', '256:4', 16, 0],
    ['9', '0-507', 'w506', '', 1, 0],
    ['2-6', '0-1024', 'r100 w37', '0:6', 64, 1],
    [
      '2-9',
      '5-1020',
      'w5-1019',
      '8:3 16:4 32:5 64:6 128:7 256:8 512:8 768:7 896:6 960:5 992:4 1008:3 1016:2',
      1015,
      0,
    ],
  ] as const)('orders %s, VMA [%s), %s', (orders, vma, history, folios, present, zero) => {
    const sorted = folios.split(' ').sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
    expect(play(vma, history, orders)).toEqual([sorted.join(' '), present, zero]);
  });

  test('a small page stands in the way of every window around it', () => {
    // Page 100 alone: written while no size is on, which a history of one policy cannot say; a zero page
    // entry turned into a page is the same.
    expect(play('0-1024', 'r100 w100 w37', '2-6')).toEqual(['0:6', 65, 0]);
    expect(play('0-1024', 'r100 w100 w37 w101', '2-6')).toEqual(['0:6', 66, 0]);
    expect(play('0-1024', 'r100 w100 w37 w101 w103 w98', '2-6')).toEqual(['0:6 96:2', 71, 0]);
  });
});

describe('reads', () => {
  test('map the huge zero page in a fresh range, and nothing is resident', () => {
    expect(play('0-512', 'r3', '9')).toEqual(['', 0, 512]);
    expect(play('0-512', 'r3 w3', '9')).toEqual(['0:9', 512, 0]);
  });

  test('without the huge zero page get a folio of the PMD order', () => {
    expect(play('0-512', 'r3', '9', { hugeZeroPage: false })).toEqual(['0:9', 512, 0]);
  });

  test('of smaller windows get a zero page entry, and a write to it a small page', () => {
    expect(play('0-512', 'r3', '2-8')).toEqual(['', 0, 1]);
    expect(play('0-512', 'r3 w3', '2-8')).toEqual(['', 1, 0]);
  });
});

describe('MADV_DONTNEED', () => {
  test('of a whole range lets the PMD order come back, at once or in pieces', () => {
    expect(play('0-512', 'w0 d0-511 w9', '9')).toEqual(['0:9', 512, 0]);
    expect(play('0-512', 'w0 d0-255 d256-511 w9', '9')).toEqual(['0:9', 512, 0]);
  });

  test('of a part leaves a partly mapped folio and empty PTEs', () => {
    expect(play('0-512', 'w0 d8-15', '2-9')).toEqual(['0:9', 504, 0]);
    expect(play('0-512', 'w0 d8-15 w9', '2-9')).toEqual(['0:9 8:3', 512, 0]);
  });

  test('of a part of the huge zero page leaves zero page entries', () => {
    expect(play('0-512', 'r0 d0-7 w9', '9')).toEqual(['', 1, 503]);
  });
});

test('without orders every touched page is small', () => {
  expect(play('0-512', 'w0-99', '')).toEqual(['', 100, 0]);
});

test('at every geometry: folios are aligned, lie in the VMA, and no page is lost or resident twice', () => {
  const cases = fc.record({
    pmdOrder: fc.constantFrom(3, 4, 5, 9, 11, 13),
    start: fc.nat(1),
    bits: fc.nat(2 ** 13),
    touches: fc.array(fc.tuple(fc.constantFrom('w', 'r', 'd'), fc.nat(), fc.nat(40)), { maxLength: 40 }),
    hugeZeroPage: fc.boolean(),
    length: fc.nat(),
    begin: fc.nat(),
  });
  fc.assert(
    fc.property(cases, ({ pmdOrder, bits, touches, hugeZeroPage, length, begin }) => {
      const pages = 2 ** pmdOrder;
      const vma = { start: begin % pages, end: (begin % pages) + 1 + (length % (2 * pages)) };
      const orders = (bits & ((2 << pmdOrder) - 1) & ~3) as never;
      const memory = new VmaPages(geometryOfPmdOrder(pmdOrder), vma, { orders, hugeZeroPage });
      const written = new Set<number>();
      for (const [kind, at, count] of touches) {
        const first = vma.start + (at % (vma.end - vma.start));
        const end = Math.min(vma.end, first + 1 + count);
        if (kind === 'd') memory.dontneed(first, end);
        for (let page = first; page < end; page++) {
          if (kind === 'd') written.delete(page);
          else memory.touch(page, kind === 'w' ? 'write' : 'read');
          if (kind === 'w') written.add(page);
        }
      }
      for (const { first, order, mapped } of memory.folios()) {
        expect(first % 2 ** order).toBe(0);
        expect(first >= vma.start && first + 2 ** order <= vma.end).toBe(true);
        expect((orders >>> order) & 1).toBe(1);
        expect(mapped).toBeLessThanOrEqual(2 ** order);
      }
      expect(memory.present).toBeGreaterThanOrEqual(written.size);
      expect(memory.present + memory.zero).toBeLessThanOrEqual(vma.end - vma.start);
    }),
  );
});
