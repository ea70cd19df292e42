import fc from 'fast-check';
import type { RunPolicy } from '../../src/analysis/ranges/verdict.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../src/core/memory/geometry.ts';
import {
  difference,
  emptyOccupancy,
  hasPage,
  intersection,
  type Occupancy,
  setPage,
} from '../../src/core/memory/occupancy.ts';
import type { Order } from '../../src/core/memory/order.ts';
import { OBSERVABLE_FACTS, pageFacts, type RangeState } from '../../src/core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { SCAN_RESULTS } from '../../src/core/rules/scan-result.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { spanFrom, type Vma } from '../../src/core/rules/vma.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { occupancies } from '../core/arbitraries.ts';
import { processItem, rangesItem, vmaItem } from './streams.ts';

/** Ranges with any facts, known or not; most have nothing that fails the scan. One in three is plain. */
export function ranges(geometry: Geometry): fc.Arbitrary<RangeState> {
  return fc.oneof({ weight: 2, arbitrary: oddRanges(geometry) }, plainRanges(geometry));
}

/** Ranges of pages of which nothing is known but their folios, or that there is nothing to know. */
function plainRanges(geometry: Geometry): fc.Arbitrary<RangeState> {
  const none = emptyOccupancy(geometry);
  const small = fc.constant(new Uint8Array(pagesPerRange(geometry)));
  const unknown = fc.option(fc.constantFrom(...OBSERVABLE_FACTS), { nil: undefined });
  return fc
    .record({
      present: occupancies(geometry),
      folioOrders: fc.oneof({ weight: 2, arbitrary: small }, folioOrders(geometry)),
      unknown,
    })
    .map(({ present, folioOrders, unknown }) => ({
      geometry,
      address: 0,
      facts: pageFacts({ present, swap: none }, (each) => (each === unknown ? undefined : none)),
      folioOrders:
        unknown === 'folioOrders'
          ? undefined
          : folioOrders.map((order, page) => (hasPage(present, page) ? order : 0)),
      pmdMapped: unknown === 'pmdMapped' ? undefined : false,
      uffdArmed: false,
    }));
}

function oddRanges(geometry: Geometry): fc.Arbitrary<RangeState> {
  const pages = pagesPerRange(geometry);
  const few = fc.array(fc.nat({ max: pages - 1 }), { maxLength: 3 }).map((list) => bitmap(geometry, list));
  const seldom = fact(fc.oneof({ weight: 9, arbitrary: fc.constant(emptyOccupancy(geometry)) }, few));
  return fc
    .record({
      geometry: fc.constant(geometry),
      address: fc.constant(0),
      facts: fc.record({
        present: occupancies(geometry),
        swap: fc.oneof({ weight: 3, arbitrary: fc.constant(emptyOccupancy(geometry)) }, few),
        guard: seldom,
        zero: fact(few),
        shared: fact(few),
        unreferenced: fact(fc.oneof(few, occupancies(geometry))),
        pinned: seldom,
        lazyfree: seldom,
        locked: seldom,
        uffd: seldom,
      }),
      folioOrders: fact(folioOrders(geometry)),
      pmdMapped: fact(fc.integer({ max: 9, min: 0 }).map((draw) => draw === 0)),
      uffdArmed: fc.boolean(),
    })
    .map((range) => ({
      ...range,
      facts: { ...range.facts, swap: difference(range.facts.swap, range.facts.present) },
      folioOrders: range.folioOrders?.map((order, page) => (hasPage(range.facts.present, page) ? order : 0)),
    }));
}

function fact<T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> {
  return fc.option(value, { nil: undefined });
}

function bitmap(geometry: Geometry, pages: readonly number[]): Occupancy {
  const occupancy = emptyOccupancy(geometry);
  for (const page of pages) setPage(occupancy, page);
  return occupancy;
}

function folioOrders(geometry: Geometry): fc.Arbitrary<Uint8Array> {
  const pages = pagesPerRange(geometry);
  const folio = fc.record({
    order: fc.integer({ min: 0, max: geometry.pmdOrder }),
    page: fc.nat({ max: pages - 1 }),
  });
  return fc.array(folio, { maxLength: 6 }).map((folios) => {
    const orders = new Uint8Array(pages);
    for (const { order, page } of folios) {
      const first = page - (page % 2 ** order);
      orders.fill(order, first, first + 2 ** order);
    }
    return orders;
  });
}

export function runPolicies(geometry: Geometry): fc.Arbitrary<RunPolicy> {
  const pages = pagesPerRange(geometry);
  const limit = fc.oneof(fc.constantFrom(0, pages - 1), fc.nat({ max: pages - 1 }));
  const sizes = fc
    .array(fc.constantFrom(...SIZE_WORDS, 'always' as const), {
      minLength: geometry.pmdOrder - 1,
      maxLength: geometry.pmdOrder - 1,
    })
    .map((words) => new Map(words.map((word, i) => [(i + 2) as Order, word])));
  return fc.record({
    settings: fc.record({
      enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
      sizes,
      maxPtesNone: limit,
      maxPtesSwap: limit,
      maxPtesShared: limit,
    }),
    model: fc.constantFrom(...Object.values(KERNEL_MODELS)),
    algorithm: fc.constantFrom(...Object.values(ALGORITHMS)),
    outcomes: fc.array(
      fc.record({
        offset: fc.constant(undefined),
        orders: fc.nat({ max: 2 ** (geometry.pmdOrder + 1) - 1 }).map((mask) => mask as never),
        result: fc.constantFrom(...SCAN_RESULTS),
      }),
      { maxLength: 1 },
    ),
  });
}

/** A range as sources show it: at an edge of the VMA with the PTEs inside of it only. */
function insideOf(vma: Vma, range: RangeState): RangeState {
  const { start, end } = spanFrom(vma, range.address, range.geometry);
  const pages = pagesPerRange(range.geometry);
  if (start <= 0 && end >= pages) return range;
  const inside = emptyOccupancy(range.geometry);
  for (let page = Math.max(start, 0); page < Math.min(end, pages); page++) setPage(inside, page);
  const { present, swap } = range.facts;
  const facts = { ...range.facts, present: intersection(present, inside), swap: intersection(swap, inside) };
  const folioOrders = range.folioOrders?.map((order, page) => (hasPage(facts.present, page) ? order : 0));
  return { ...range, facts, folioOrders, pmdMapped: range.pmdMapped === undefined ? undefined : false };
}

/** Whole streams: processes with VMAs of any kind, most of them ordinary, and the ranges in them. */
export function streams(geometry: Geometry): fc.Arbitrary<MemoryItem[]> {
  const bytes = rangeBytes(geometry);
  const trim = fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    fc.nat({ max: pagesPerRange(geometry) - 1 }).map((pages) => pages * 2 ** geometry.pageShift),
  );
  const vma = fc
    .record({
      ranges: fc.array(ranges(geometry), { maxLength: 4 }),
      head: trim,
      tail: trim,
      flags: fc.subarray(['hg'], { maxLength: 1 }),
      oddFlags: fc.oneof(
        { weight: 5, arbitrary: fc.constant([]) },
        fc.constantFrom(['nh'], ['io'], ['gd', 'sr', 'rr']),
      ),
      anonymous: fc.integer({ min: 0, max: 5 }).map((draw) => draw > 0),
    })
    .map(({ ranges: list, head, tail, flags, oddFlags, anonymous }): MemoryItem[] => {
      const start = bytes + head;
      const end = Math.max(start + 2 ** geometry.pageShift, bytes * (1 + list.length) - tail);
      const item = vmaItem({ start, end, flags: [...flags, ...oddFlags], anonymous });
      const shown = list.map((range, i) => insideOf(item.vma, { ...range, address: bytes * (1 + i) }));
      return [item, ...shown.map((range) => rangesItem(range))];
    });
  const process = fc
    .record({ thpDisabled: fc.integer({ min: 0, max: 5 }), vmas: fc.array(vma, { maxLength: 3 }) })
    .map(({ thpDisabled, vmas }): MemoryItem[] => [
      processItem(1, { thpDisabled: thpDisabled === 0 }),
      ...vmas.flat(),
    ]);
  return fc.array(process, { maxLength: 3 }).map((processes) => processes.flat());
}
