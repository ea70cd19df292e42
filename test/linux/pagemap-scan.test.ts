import { closeSync, openSync } from 'node:fs';
import { expect, test } from 'vitest';
import { loadPagemapScan } from '../../src/linux/pagemap-scan.ts';

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
