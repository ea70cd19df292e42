import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  createPlainDigestBuilder,
  createWasmDigestBuilder,
  type DigestBuilder,
} from '../../../src/core/digest/builder.ts';
import { type DigestTable, emptyDigest } from '../../../src/core/digest/table.ts';
import { geometryOfPmdOrder, x86_64 } from '../../../src/core/memory/geometry.ts';
import { addRangeToTable, REACH_PAGES } from '../../support/core/add-range.ts';
import '../../support/seed.ts';
import { FOLIO_REACH } from '../../../src/core/rules/tlb-reach.ts';
import { folioOrders, occupancies } from '../arbitraries.ts';

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
        orders: fc.option(folioOrders(geometry)),
      });
      fc.assert(
        fc.property(fc.array(one, { maxLength: 12 }), (ranges) => {
          const expected = emptyDigest(geometry);
          for (const { occupied, orders } of ranges) {
            const folios = orders ?? undefined;
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

test.each([1, 2, 4, 64, 512, FOLIO_REACH])(
  'folios come to the same on WebAssembly and in TypeScript where a TLB entry maps %i pages',
  (reach) => {
    const wasm = createWasmDigestBuilder(x86_64, reach) as DigestBuilder;
    const plain = createPlainDigestBuilder(x86_64, reach);
    const full = occupancies(x86_64).map((occupied) => occupied.map((word) => word | 0x0fffffff));
    const one = fc.record({
      occupied: fc.oneof(occupancies(x86_64), full, fc.constant(new Uint32Array(16).fill(0xffffffff))),
      orders: folioOrders(x86_64),
    });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 12 }), (ranges) => {
        for (const builder of [wasm, plain]) {
          for (const { occupied, orders } of ranges) {
            builder.next.set(occupied);
            builder.add(orders);
          }
        }
        expect(sorted(wasm.finish())).toEqual(sorted(plain.finish()));
      }),
      { numRuns: 100 },
    );
  },
);

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
