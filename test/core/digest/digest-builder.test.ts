import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPlainDigestBuilder,
  createWasmDigestBuilder,
  type DigestBuilder,
} from '../../../src/core/digest/builder.ts';
import { type DigestTable, emptyDigest } from '../../../src/core/digest/table.ts';
import { geometryOfPmdOrder, pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { addRangeToTable, REACH_PAGES } from '../../support/core/add-range.ts';
import '../../support/seed.ts';
import { occupancies } from '../arbitraries.ts';

const sorted = (table: DigestTable) => ({ ...table, rows: [...table.rows].sort(([a], [b]) => a - b) });

for (const [path, create] of Object.entries({
  TypeScript: createPlainDigestBuilder,
  WebAssembly: createWasmDigestBuilder,
})) {
  for (const pmdOrder of [9, 11, 13]) {
    test(`a builder on ${path} counts what ranges of PMD order ${pmdOrder} add up to`, () => {
      const geometry = geometryOfPmdOrder(pmdOrder);
      const builder = create(geometry, REACH_PAGES) as DigestBuilder;
      const one = fc.record({
        occupied: occupancies(geometry),
        order: fc.option(fc.integer({ min: 0, max: pmdOrder })),
      });
      fc.assert(
        fc.property(fc.array(one, { maxLength: 12 }), (ranges) => {
          const expected = emptyDigest(geometry);
          for (const { occupied, order } of ranges) {
            const folios = order === null ? undefined : new Uint8Array(pagesPerRange(geometry)).fill(order);
            addRangeToTable(expected, occupied, folios);
            builder.next.set(occupied);
            builder.add(folios);
          }
          expect(sorted(builder.finish())).toEqual(sorted(expected));
        }),
        { numRuns: 60 },
      );
    });
  }
}

test('a builder goes on when its batch is full', () => {
  const geometry = geometryOfPmdOrder(9);
  const builder = createWasmDigestBuilder(geometry, REACH_PAGES) as DigestBuilder;
  for (let i = 0; i < 10_000; i++) {
    builder.next.fill(0xffffffff);
    builder.add();
  }
  const { rows, any } = builder.finish();
  expect(rows.get(512)?.ranges).toBe(10_000);
  expect(any[2]).toBe(1_280_000);
  expect(builder.finish().rows.size).toBe(0);
});
