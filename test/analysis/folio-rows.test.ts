import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { digestJson, digestOfJson } from '../../src/analysis/digest/digest-json.ts';
import { folioRows } from '../../src/analysis/digest/folio-rows.ts';
import type { ProcessDigest } from '../../src/analysis/digest/memory-digest.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { tlbReachOf } from '../../src/core/rules/tlb-reach.ts';
import '../support/seed.ts';
import { streams } from './arbitraries.ts';
import { knownRanges, processItem, vmaItem } from './streams.ts';

function digestOf(items: readonly MemoryItem[], pmdOrder: number, pages: number) {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const collector = new DigestCollector(geometry, pages);
  for (const item of items) collector.add(item);
  const host = { kernelRelease: '7.2.0', time: '2026-01-01T00:00:00.000Z', geometry, settings: undefined };
  const reach = { ...tlbReachOf(undefined, geometry), pages };
  return { host, reach, processes: collector.finish(), skipped: [], notes: [] };
}

/** The tables of a digest of one process. */
function tableOf(items: readonly MemoryItem[], pages: number) {
  return digestOf([processItem(1), vmaItem(), ...items], 9, pages).processes[0].memory.classes.unadvised
    .table;
}

describe('a digest file has the counts of folios that were counted', () => {
  test.each([5, 9, 11])('of any memory, at PMD order %i', (pmdOrder) => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    fc.assert(
      fc.property(streams(geometry), fc.constantFrom(1, 4, 16, 2 ** 30), (items, pages) => {
        const digest = digestOf(items, pmdOrder, pages);
        const read = digestOfJson(JSON.parse(JSON.stringify(digestJson(digest))));
        if (!read.ok) throw new Error(read.failure.message);
        const tables = (processes: readonly ProcessDigest[]) =>
          processes.map(({ memory: { classes } }) => [classes.unadvised.table, classes.hugepage.table]);
        expect(tables(read.value.processes)).toEqual(tables(digest.processes));
      }),
    );
  });
});

test('whole, aligned folios are counted once: two of 64K in a full 256K, one in a full 64K', () => {
  const ranges = knownRanges([{ present: '0-63,80-95', folios: ['4@0-31,80-95'] }]);
  // c, pages in folios, entries saved; j = 2, 3 have none; j = 4: one of order 4; j = 5 none; j = 6: two.
  const none = (orders: number) => Array.from({ length: orders }, () => 0);
  const row = [80, 48, 45, ...none(1), ...none(2), 0, 0, 1, ...none(4), 0, 0, 2];
  expect(folioRows(tableOf([ranges], 16), 16)).toEqual({ rows: [row], odd: [] });
});

test('a small page among those of a folio is an odd one', () => {
  const ranges = knownRanges([{ present: '0-63', folios: ['3@0-6,16-23'] }]);
  const { odd } = folioRows(tableOf([ranges], 4), 4) ?? {};
  // Of the 16 pages that two folios would have in the 256K, 15 are; one that is not whole saves no 6 entries.
  expect(odd).toEqual([4, 5, 6].map((k) => [64, 6, k, -1, -6]));
});

test('a thousand ranges in folios of all sizes, with holes, take less than 30 KB', () => {
  const random = fc.sample(
    fc.array(fc.record({ order: fc.integer({ min: 2, max: 8 }), hole: fc.nat({ max: 9 }) }), {
      minLength: 130,
      maxLength: 130,
    }),
    { numRuns: 1000, seed: 1 },
  );
  const items = random.map((folios, at) => {
    const lists: string[] = [];
    const present: string[] = [];
    let page = 0;
    for (const { order, hole } of folios) {
      const size = 2 ** Math.min(order, 31 - Math.clz32(page === 0 ? 256 : page & -page));
      if (page + size > 512) break;
      const from = hole === 0 ? page + 1 : page;
      const pages = `${from}-${page + size - 1}`;
      present.push(pages);
      if (size >= 4) lists.push(`${Math.log2(size)}@${pages}`);
      page += size;
    }
    return knownRanges([{ present: present.join(), folios: lists }], at * 2 ** 21);
  });
  const digest = digestOf([processItem(1), vmaItem({ end: 2 ** 31 }), ...items], 9, 1);
  expect(JSON.stringify(digestJson(digest)).length).toBeLessThan(30_000);
});
