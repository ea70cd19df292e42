import { describe, expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../../src/core/memory/occupancy.ts';
import { MemoryCheck } from '../../src/core/rules/memory-check.ts';
import { RUNNING_KERNEL } from '../../src/linux/kernel/kernel-tree.ts';
import { openLiveSource } from '../../src/linux/live-source.ts';
import { readFolioFacts } from '../../src/linux/pages/folio-facts.ts';
import { UNCOUNTED } from '../../src/linux/pages/large-folios.ts';
import { KPF, type PageFlags } from '../../src/linux/pages/page-flags.ts';
import { valueOf } from '../support/ranges.ts';

describe('a live source yields nothing that a reader of its recording would refuse', () => {
  test.runIf(process.platform === 'linux')('of this process', async () => {
    const source = valueOf(await openLiveSource(RUNNING_KERNEL, [process.pid], new Date(0)));
    const check = new MemoryCheck(source.host.geometry);
    const complaints: unknown[] = [];
    let ranges = 0;
    for await (const item of source.items()) {
      if (item.kind === 'process') complaints.push(check.process(item.process));
      if (item.kind === 'vma') complaints.push(check.vma(item.vma));
      if (item.kind === 'ranges') {
        complaints.push(...item.ranges.map((range) => check.range(range)));
        ranges += item.ranges.length;
      }
    }
    expect(complaints.filter((complaint) => complaint !== undefined)).toEqual([]);
    expect(ranges).toBeGreaterThan(0);
  });

  test('a frame that became part of a larger folio meanwhile counts as a small page', () => {
    const present = emptyOccupancy(x86_64);
    setPages(present, 0, 4);
    const entries = new Int32Array(2 * 512);
    for (let page = 0; page < 4; page++) entries[2 * page] = 4096 + page;
    const ordersIn = (order: number) => {
      const flags = {
        flagsOf: (frames: Float64Array) =>
          Uint32Array.from(frames, (frame) => (frame > 0 ? KPF.large | KPF.anon : 0)),
        folioOf: () => ({ head: 4096, order }),
        mappingsOf: () => 0,
      } as unknown as PageFlags;
      const chunk = {
        start: 0,
        entries,
        present,
        notExclusive: emptyOccupancy(x86_64),
        pmdMapped: undefined,
        mayBeShared: true,
      };
      const pagemap = undefined as never;
      return [
        ...readFolioFacts(chunk, flags, { geometry: x86_64, pagemap }, UNCOUNTED).orders.subarray(0, 5),
      ];
    };
    expect(ordersIn(2)).toEqual([2, 2, 2, 2, 0]);
    expect(ordersIn(10)).toEqual([0, 0, 0, 0, 0]);
  });
});
