import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../../support/seed.ts';
import { pagesPerRange, x86_64 } from '../../../src/core/memory/geometry.ts';
import { countPages, type Occupancy } from '../../../src/core/memory/occupancy.ts';
import { asOrderSet } from '../../../src/core/memory/order.ts';
import { packRuns } from '../../../src/core/memory/order-runs.ts';
import {
  createPlainFolioWindows,
  createWasmFolioWindows,
  type FolioWindows,
} from '../../../src/core/plan/folio-windows.ts';
import { folioOrders, occupancies } from '../arbitraries.ts';

const wasm = createWasmFolioWindows(x86_64) as FolioWindows;
const plain = createPlainFolioWindows(x86_64);

const full = new Uint32Array(16).fill(0xffffffff);
const pages = fc.oneof(occupancies(x86_64), fc.constant(full), occupancies(x86_64).map(nearlyFull));
const cases = fc.record({
  occupied: pages,
  orders: folioOrders(x86_64),
  enabled: fc.nat({ max: 255 }).map((mask) => asOrderSet(mask << 2)),
  maxPtesNone: fc.oneof(fc.constantFrom(0, 511), fc.nat({ max: 511 })),
});

function nearlyFull(occupied: Occupancy): Occupancy {
  return occupied.map((word) => word | 0x0fffffff);
}

function told(windows: FolioWindows) {
  const { attempts, held, made, pagesByOrder, wholeFolios, replacedPages, replacedFolios } = windows;
  const lists = { made, pagesByOrder, wholeFolios, replacedPages, replacedFolios };
  const any = attempts > held;
  return {
    attempts,
    held,
    ...Object.fromEntries(Object.entries(lists).map(([name, list]) => [name, Array.from(list)])),
    ...(any ? {} : { replacedPages: [], replacedFolios: [] }),
  };
}

test('WebAssembly says of the windows of folios what TypeScript says, of orders and of runs of them', () => {
  const runs = new Uint16Array(pagesPerRange(x86_64));
  const words = new Uint32Array(runs.length);
  const many = new Uint32Array(16).fill(0xffffffff);
  fc.assert(
    fc.property(cases, fc.nat({ max: 3 }), ({ occupied, orders, enabled, maxPtesNone }, at) => {
      const answer = (windows: FolioWindows) => {
        windows.collapse(countPages(occupied), enabled, maxPtesNone);
        windows.map();
        return told(windows);
      };
      plain.read(occupied, orders);
      const expected = answer(plain);
      wasm.read(occupied, orders);
      expect(answer(wasm)).toEqual(expected);
      const count = packRuns(orders, runs);
      for (const windows of [wasm, plain]) expect(windows.packRuns()).toEqual(runs.subarray(0, count));
      words.set(new Uint32Array(runs.buffer, 0, Math.ceil(count / 2)), at);
      for (const windows of [wasm, plain]) {
        windows.readRuns(Uint32Array.of(...many.subarray(0, at), ...occupied), at, words, at, count);
        expect(answer(windows)).toEqual(expected);
      }
    }),
    { numRuns: 1000 },
  );
});
