import { describe, expect, test } from 'vitest';
import { machineGrowthOf, machinePagesOf, machineRestartOf } from '../../src/analysis/ranges/tally.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { SharedRun } from '../../src/core/memory/shared-runs.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { hugepagePolicy } from '../../src/core/rules/thp-settings.ts';
import { predictHead, predictTail } from '../../src/render/json/predict.ts';
import { rangeOf } from '../support/ranges.ts';
import { ZEN } from '../support/reach.ts';
import { expectSchema } from '../support/schemas.ts';
import { predictItems, processItem, rangesItem, runPolicyOf, vmaItem } from './streams.ts';

const KNOWN = {
  swap: '',
  zero: '',
  unreferenced: '',
  pinned: '',
  lazyfree: '',
  locked: '',
  uffd: '',
  guard: '',
};

/** n processes that share 100 pages of a range and have 60 more of their own. */
function sharers(count: number, mappings = count): MemoryItem[] {
  return Array.from({ length: count }, (_, i) => {
    const runs: SharedRun[] = [{ offset: 100, pages: 100, id: 1, mappings, repeats: i > 0 }];
    const range = { ...rangeOf({ ...KNOWN, present: '40-199', shared: '100-199' }), sharedRuns: runs };
    return [processItem(i + 1), vmaItem({ flags: ['hg'] }), rangesItem(range)];
  }).flat();
}

const EVERYTHING = { orders: '9', maxPtesNone: 511 };

describe('memory of the machine', () => {
  test('counts pages once that several processes of a source share', async () => {
    const { total, processes } = await predictItems(sharers(3), EVERYTHING);
    expect(total.residentPages).toBe(3 * 160);
    expect(machinePagesOf(total)).toBe(3 * 60 + 100);
    expect(processes.map(({ tally }) => machinePagesOf(tally))).toEqual([160, 60, 60]);
  });

  test.each([2, 3, 7])('grows by n - 1 copies where all of %i sharers collapse', async (n) => {
    const { total } = await predictItems(sharers(n), EVERYTHING);
    expect(machineGrowthOf(total)).toBe(n * (512 - 160) + (n - 1) * 100);
    expect(n * 60 + 100 + machineGrowthOf(total)).toBe(n * 512);
  });

  test('keeps the originals where somebody else has them', async () => {
    const { total } = await predictItems(sharers(3, 4), EVERYTHING);
    expect(machineGrowthOf(total)).toBe(3 * (512 - 160) + 3 * 100);
  });

  test('after a restart holds what the first of a family touches once', async () => {
    const { total, processes } = await predictItems(sharers(3), { orders: '9', maxPtesNone: 0 });
    // Each process maps a whole 2M; the machine has one, and what the others wrote to since, page by page.
    expect(processes.map(({ tally }) => tally.restart.pagesByOrder[9])).toEqual([512, 512, 512]);
    const { pagesByOrder } = machineRestartOf(total);
    expect([pagesByOrder[9], pagesByOrder[0]]).toEqual([512, 120]);
  });

  test('after a restart has folios for what the children touch apart from the shared pages', async () => {
    const { total } = await predictItems(sharers(2), { orders: '5', maxPtesNone: 0 });
    const { pagesByOrder } = machineRestartOf(total);
    // Pages 40 to 199 lie in six windows of 32 pages; of the child's 40 to 95 in two, 96 to 99 in none.
    expect([pagesByOrder[5], pagesByOrder[0]]).toEqual([6 * 32 + 2 * 32, 4]);
  });

  test('is said in JSON, as an assumption where the source does not tell', async () => {
    const surroundings = { kernelRelease: '7.2.0', settings: undefined };
    const known = await predictItems(sharers(2), EVERYTHING, { surroundings });
    const unknown = await predictItems(
      sharers(2).map((item) =>
        item.kind === 'ranges'
          ? { ...item, ranges: item.ranges.map((range) => ({ ...range, sharedRuns: undefined })) }
          : item,
      ),
      EVERYTHING,
      { surroundings },
    );
    const policy = {
      ...hugepagePolicy(runPolicyOf(EVERYTHING), x86_64),
      algorithm: runPolicyOf(EVERYTHING).algorithm,
    };
    for (const prediction of [known, unknown])
      expectSchema('predict', {
        ...predictHead(policy),
        ranges: [],
        ...predictTail(prediction, policy, ZEN),
      });
    expect(predictTail(known, policy, ZEN)).toMatchObject({
      machine: { residentPages: 220, repeatedPages: 100, growthPages: 704 + 100 },
    });
    expect(known.processes.flatMap(({ assumed }) => assumed)).not.toContain('sharing');
    expect(unknown.processes.map(({ assumed }) => assumed.includes('sharing'))).toEqual([true, true]);
    expect(machinePagesOf(unknown.total)).toBe(320);
  });
});
