import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { openPagemap } from '../../src/linux/pages/pagemap.ts';
import { addressAt, loadPagemapScan, REGION_WORDS } from '../../src/linux/pages/pagemap-scan.ts';
import { valueOf } from '../support/ranges.ts';
import { buildOccupant, startOccupant } from './occupant/occupant.ts';

/** What one call may find, in memory that koffi does not free: three numbers for each of 4096 regions. */
const REGIONS_BYTES = 4096 * 3 * 8;
const TIMES = 600;

test.runIf(process.platform === 'linux')('opened again and again, takes memory once', async () => {
  const pagemap = openSync('/proc/self/pagemap', 'r');
  try {
    for (let i = 0; i < 20; i++) await loadPagemapScan(pagemap);
    const before = process.memoryUsage.rss();
    for (let i = 0; i < TIMES; i++) await loadPagemapScan(pagemap);
    expect(process.memoryUsage.rss() - before).toBeLessThan((TIMES * REGIONS_BYTES) / 2);
  } finally {
    closeSync(pagemap);
  }
});

test.runIf(buildOccupant() !== undefined)('goes on behind the last region that it told', async () => {
  const occupant = await startOccupant();
  const ranges = 5;
  const base = await occupant.map(`map ${ranges} nohugepage`);
  await occupant.must(`touch ${base} 0-${512 * ranges - 1}:1/2`);
  const pagemap = valueOf(openPagemap(`/proc/${occupant.pid}`, x86_64));
  const scan = await loadPagemapScan(pagemap.fd);
  const found: number[] = [];
  const end = base + ranges * (2 << 20);
  for (let from = base; scan && from < end; ) {
    const { regions, walkEnd } = scan.scan(pagemap.fd, from, end);
    for (let at = 0; at < regions.length; at += REGION_WORDS) found.push(addressAt(regions, at));
    if (walkEnd <= from) break;
    from = walkEnd;
  }
  pagemap.close();
  await occupant.stop();
  expect(found).toHaveLength(scan ? 256 * ranges : 0);
  expect(new Set(found).size).toBe(found.length);
});
