import fc from 'fast-check';
import type { CacheRange } from '../../src/core/memory/cache-range.ts';
import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../src/core/memory/geometry.ts';
import {
  countPages,
  difference,
  emptyOccupancy,
  fullOccupancy,
  type Occupancy,
  setPage,
} from '../../src/core/memory/occupancy.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import { eachFact, type RangeState } from '../../src/core/memory/range-state.ts';
import type { SharedRun } from '../../src/core/memory/shared-runs.ts';
import type { Host, MemoryItem } from '../../src/core/rules/memory-source.ts';
import { CACHE_KINDS } from '../../src/core/rules/page-cache.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../../src/core/rules/settings-words.ts';
import { HUGE_MOUNT_WORDS, SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../src/core/rules/shmem-settings.ts';

const TOP_OF_USER_SPACE = 2 ** 47;

export const geometries: fc.Arbitrary<Geometry> = fc.record({
  pageShift: fc.integer({ min: 12, max: 16 }),
  pmdOrder: fc.integer({ min: 3, max: 13 }),
});

export function hosts(geometry: Geometry): fc.Arbitrary<Host> {
  const limit = fc.nat(pagesPerRange(geometry) - 1);
  const sizes = fc
    .uniqueArray(
      fc.tuple(fc.integer({ min: 2, max: geometry.pmdOrder }).map(asOrder), fc.constantFrom(...SIZE_WORDS)),
      {
        selector: ([order]) => order,
      },
    )
    .map((entries) => new Map(entries));
  return fc.record({
    name: names,
    bootId: fc.uuid(),
    kernelRelease: names,
    time: fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date('2100-01-01') })
      .map((date) => date.toISOString()),
    geometry: fc.constant(geometry),
    settings: fc.option(
      fc.record({
        enabled: fc.constantFrom(...TOP_LEVEL_WORDS),
        sizes,
        maxPtesNone: limit,
        maxPtesSwap: limit,
        maxPtesShared: limit,
      }),
      { nil: undefined },
    ),
    khugepaged: fc.option(
      fc.record({
        pagesToScan: fc.nat(),
        scanSleepMs: fc.nat(),
        allocSleepMs: fc.nat(),
        defrag: fc.boolean(),
      }),
      { nil: undefined },
    ),
    shmem: fc.option(
      fc.record({
        enabled: fc.constantFrom(...SHMEM_WORDS),
        sizes: fc
          .dictionary(fc.constantFrom('2', '3', '9'), fc.constantFrom(...SHMEM_SIZE_WORDS))
          .map(
            (words) => new Map(Object.entries(words).map(([order, word]) => [asOrder(Number(order)), word])),
          ),
      }),
      { nil: undefined },
    ),
    shrinkUnderused: fc.option(fc.boolean(), { nil: undefined }),
    zoneReclaim: fc.option(fc.boolean(), { nil: undefined }),
    cpu: fc.option(
      fc.record(
        { architecture: names, vendor: names, family: fc.nat(), modelName: names },
        { requiredKeys: ['architecture'] },
      ),
      { nil: undefined },
    ),
  });
}

const names = fc.string({ unit: 'binary' });

function bitmaps(geometry: Geometry): fc.Arbitrary<Occupancy> {
  const some = fc.array(fc.nat(pagesPerRange(geometry) - 1), { maxLength: 20 }).map((pages) => {
    const occupancy = emptyOccupancy(geometry);
    for (const page of pages) setPage(occupancy, page);
    return occupancy;
  });
  return fc.oneof(some, fc.constant(emptyOccupancy(geometry)), fc.constant(fullOccupancy(geometry)));
}

function folioOrders(geometry: Geometry): fc.Arbitrary<Uint8Array> {
  return fc
    .array(fc.tuple(fc.nat(pagesPerRange(geometry) - 1), fc.nat(geometry.pmdOrder)), { maxLength: 20 })
    .map((ptes) => {
      const orders = new Uint8Array(pagesPerRange(geometry));
      for (const [page, order] of ptes) orders[page] = order;
      return orders;
    });
}

/** Runs one after the other, with gaps or without. */
function sharedRuns(geometry: Geometry): fc.Arbitrary<SharedRun[]> {
  const run = fc.record({
    gap: fc.nat(9),
    pages: fc.integer({ min: 1, max: 40 }),
    id: fc.integer({ min: 1, max: 2 ** 31 }),
    mappings: fc.nat(2 ** 31),
    repeats: fc.boolean(),
  });
  return fc.array(run, { maxLength: 6 }).map((parts) => {
    const runs: SharedRun[] = [];
    let end = 0;
    for (const { gap, pages, ...rest } of parts) {
      const offset = end + gap;
      end = offset + pages;
      if (end <= pagesPerRange(geometry)) runs.push({ offset, pages, ...rest });
    }
    return runs;
  });
}

function rangeStates(geometry: Geometry): fc.Arbitrary<Omit<RangeState, 'address'>> {
  const bitmap = bitmaps(geometry);
  const fact = fc.option(bitmap, { nil: undefined });
  return fc
    .record({
      geometry: fc.constant(geometry),
      facts: fc.record({ ...eachFact(() => fact), present: bitmap, swap: bitmap }),
      folioOrders: fc.option(folioOrders(geometry), { nil: undefined }),
      pmdMapped: fc.option(fc.boolean(), { nil: undefined }),
      uffdArmed: fc.boolean(),
      sharedRuns: fc.option(sharedRuns(geometry), { nil: undefined }),
    })
    .map((range) => {
      const swap = difference(range.facts.swap, range.facts.present);
      return { ...range, facts: { ...range.facts, swap } };
    });
}

const notices: fc.Arbitrary<MemoryItem[]> = fc.array(
  fc.oneof(
    fc.record({ kind: fc.constant('note' as const), message: names }),
    fc.record(
      {
        kind: fc.constant('skipped' as const),
        pid: fc.nat(),
        failure: fc.record({
          kind: fc.constantFrom('permission' as const, 'unreadable' as const),
          message: names,
        }),
        leftOutBytes: fc.maxSafeNat(),
      },
      { requiredKeys: ['kind', 'pid', 'failure'] },
    ),
  ),
  { maxLength: 2 },
);

const memoryGroups = fc.record({
  path: names,
  limitBytes: fc.maxSafeNat(),
  usedBytes: fc.maxSafeNat(),
});

const groupCounters = fc.record({
  path: names,
  counters: fc.dictionary(fc.constantFrom('anon', 'anon_thp', 'thp_fault_alloc'), fc.maxSafeNat(), {
    noNullPrototype: true,
  }),
});

function vmaItems(geometry: Geometry): fc.Arbitrary<(start: number) => MemoryItem[]> {
  const vma = fc.record({
    name: fc.oneof(fc.constantFrom('', '[heap]', '[anon:arena]'), names),
    anonymous: fc.boolean(),
    mapping: fc.option(
      fc.record({ file: names, offset: fc.nat(1000).map((page) => page * pageBytes(geometry)) }),
      { nil: undefined },
    ),
    flags: fc.array(fc.constantFrom('rd', 'wr', 'hg', 'nh', 'um')),
    thpEligible: fc.option(fc.boolean(), { nil: undefined }),
    rssBytes: fc.maxSafeNat(),
    swapBytes: fc.maxSafeNat(),
  });
  const batches = fc.array(fc.tuple(fc.array(rangeStates(geometry), { maxLength: 4 }), notices), {
    maxLength: 3,
  });
  return fc.tuple(vma, notices, batches).map(([facts, before, parts]) => (start) => {
    const bytes = rangeBytes(geometry);
    let address = start;
    const items: MemoryItem[] = [
      { kind: 'vma', vma: { ...facts, start, end: start + 12 * bytes } },
      ...before,
    ];
    for (const [states, after] of parts) {
      const ranges = states.map((state) => ({ ...state, address: (address += bytes) - bytes }));
      items.push({ kind: 'ranges', ranges }, ...after);
    }
    return items;
  });
}

function cacheRanges(geometry: Geometry): fc.Arbitrary<Omit<CacheRange, 'offset'>> {
  const share = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined });
  return fc
    .record({
      present: bitmaps(geometry),
      swap: share,
      dirty: share,
      folioOrders: fc.option(folioOrders(geometry), { nil: undefined }),
      mappedPages: fc.option(fc.nat(), { nil: undefined }),
    })
    .map(({ present, swap, dirty, folioOrders, mappedPages }) => {
      const some = (part: number | undefined, of: number) =>
        part === undefined ? undefined : Math.floor(part * of);
      const swapPages = some(swap, pagesPerRange(geometry) - countPages(present));
      return {
        geometry,
        present,
        swapPages,
        folioOrders,
        dirtyPages: some(dirty, countPages(present)),
        mappedPages,
      };
    });
}

/** Files of distinct ids with their ranges in order, with notices between. */
function fileItems(geometry: Geometry): fc.Arbitrary<MemoryItem[]> {
  const file = fc.record(
    {
      kind: fc.constantFrom(...CACHE_KINDS),
      name: names,
      filesystem: names,
      bytes: fc.maxSafeNat(),
      hugeMount: fc.constantFrom(...HUGE_MOUNT_WORDS),
    },
    { requiredKeys: ['kind', 'name'] },
  );
  const batches = fc.array(fc.tuple(fc.array(cacheRanges(geometry), { maxLength: 4 }), notices), {
    maxLength: 3,
  });
  return fc.array(fc.tuple(file, notices, batches, fc.nat(9)), { maxLength: 3 }).map((files) =>
    files.flatMap(([facts, before, parts, skipped], index) => {
      let number = skipped;
      return [
        { kind: 'file' as const, file: { ...facts, id: `fe:00:${index}` } },
        ...before,
        ...parts.flatMap(([ranges, after]) => [
          {
            kind: 'cache-ranges' as const,
            ranges: ranges.map((range) => ({ ...range, offset: rangeBytes(geometry) * number++ })),
          },
          ...after,
        ]),
      ];
    }),
  );
}

/**
 * What a source may yield: processes of distinct pids, VMAs in address order, files behind them, notices
 * anywhere.
 */
export function itemSequences(geometry: Geometry): fc.Arbitrary<MemoryItem[]> {
  const process = fc.record({
    startTime: fc.maxSafeNat(),
    command: names,
    cgroup: names,
    thpDisabled: fc.option(fc.boolean(), { nil: undefined }),
    pinnedBytes: fc.option(fc.maxSafeNat(), { nil: undefined }),
    ksmBytes: fc.option(fc.maxSafeNat(), { nil: undefined }),
    memoryGroups: fc.option(fc.array(memoryGroups, { maxLength: 3 }), { nil: undefined }),
    groupCounters: fc.option(groupCounters, { nil: undefined }),
  });
  const vmas = fc.array(vmaItems(geometry), { maxLength: 4 });
  return fc
    .tuple(notices, fc.array(fc.tuple(process, notices, vmas), { maxLength: 4 }), fileItems(geometry))
    .map(([first, processes, files]) => {
      const items = [...first];
      processes.forEach(([facts, after, parts], pid) => {
        items.push({ kind: 'process', process: { ...facts, pid } }, ...after);
        parts.forEach((vma, i) =>
          items.push(...vma(TOP_OF_USER_SPACE - (parts.length - i) * 16 * rangeBytes(geometry))),
        );
      });
      items.push(...files);
      return items;
    });
}
