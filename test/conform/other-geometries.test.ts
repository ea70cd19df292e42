import { describe, expect, test } from 'vitest';
import { rangesOfBatch } from '../../src/conform/daemon/daemon-batch.ts';
import { daemonBatches } from '../../src/conform/daemon/daemon-suite.ts';
import { expectBatch } from '../../src/conform/ranges/expected.ts';
import { selftestPasses, selftests } from '../../src/conform/ranges/selftest.ts';
import { randomFrom } from '../../src/core/base/random.ts';
import { geometryOfPmdOrder, pagesPerRange, rangeBytes } from '../../src/core/memory/geometry.ts';
import { anonOrders } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { seed } from '../support/seed.ts';

describe.each([5, 9, 11])('at PMD order %i', (pmdOrder) => {
  const geometry = geometryOfPmdOrder(pmdOrder);

  test("the model does what the kernel's own selftest expects, case by case", () => {
    const cases = selftests(geometry);
    expect(cases.length).toBeGreaterThan(50);
    for (const each of cases) {
      const scans = each.batch.ranges.map(() => 2);
      const report = expectBatch(each.batch, scans, { model: KERNEL_MODELS['linux-7.2'] });
      expect(selftestPasses(each, report), each.name).toBe(true);
    }
  });

  test('the processes of the daemon suite fit into a guest, and into ranges', () => {
    const pages = pagesPerRange(geometry);
    for (const batch of daemonBatches(500, randomFrom(seed), geometry)) {
      expect(batch.orders & ~anonOrders(geometry)).toBe(0);
      expect(Math.max(batch.maxPtesNone, batch.maxPtesSwap, batch.maxPtesShared)).toBeLessThan(pages);
      expect(batch.freeOrder).toBeLessThan(pmdOrder);
      for (const { lead, tail } of batch.processes.flat()) expect(Math.max(lead, tail)).toBeLessThan(pages);
      expect(rangesOfBatch(batch).length * rangeBytes(geometry)).toBeLessThanOrEqual(2 ** 28);
    }
  });
});
