import { expect, test } from 'vitest';
import { DigestCollector } from '../../src/analysis/digest/digest-collector.ts';
import { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import { groupGrowth } from '../../src/analysis/ranges/group-limits.ts';
import { machineGrowthOf } from '../../src/analysis/ranges/tally.ts';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import type { MemoryGroup } from '../../src/core/rules/memory-source.ts';
import { growthBeyondLimits, limitSentences } from '../../src/render/words/explain/surroundings.ts';
import {
  knownRanges,
  predictItems,
  processItem,
  type RunPolicyText,
  runPolicyOf,
  vmaItem,
} from './streams.ts';

const M = 2 ** 20;
const HOST = { kernelRelease: '7.2.13', settings: undefined };

function group(path: string, limitBytes: number, usedBytes: number): MemoryGroup {
  return { path, limitBytes, usedBytes };
}

/** What fits of ranges that hold these pages each, in processes of these groups. */
async function fitting(
  groups: readonly (readonly MemoryGroup[])[],
  ranges: number,
  present: string,
  ask: RunPolicyText,
) {
  const items = groups.flatMap((memoryGroups, at) => [
    processItem(at + 1, { memoryGroups }),
    vmaItem(),
    knownRanges(Array.from({ length: ranges }, () => ({ present }))),
  ]);
  const { limits } = await predictItems(items, ask);
  return limits.map(({ group: { path }, collapses, fit }) => ({ path, collapses, fit }));
}

const HALF = '0-255';
const FILL: RunPolicyText = { orders: '9', maxPtesNone: 511 };

test('a collapse needs its whole size below the limit, and leaves what it filled', async () => {
  // 33M used: each needs 2M and leaves 1M, so the sixth ends at 39M and the seventh would need 41M.
  const limited = group('/a', 40 * M, 33 * M);
  expect(await fitting([[limited]], 32, HALF, FILL)).toEqual([{ path: '/a', collapses: 32, fit: 6 }]);
  const full = { path: '/a', collapses: 32, fit: 32 };
  expect(await fitting([[group('/a', 40 * M, 38 * M)]], 32, 'all', FILL)).toEqual([full]);
  const none = { path: '/a', collapses: 32, fit: 0 };
  expect(await fitting([[group('/a', 40 * M, 38 * M + 1)]], 32, 'all', FILL)).toEqual([none]);
});

test('totals count what fits; growth without room is a failure', async () => {
  const limited = [group('/a', 40 * M, 33 * M)];
  const items = [
    processItem(1, { memoryGroups: limited }),
    vmaItem(),
    knownRanges(Array.from({ length: 32 }, () => ({ present: HALF }))),
  ];
  const { total } = await predictItems(items, FILL);
  expect([total.collapses[9], total.filledPages, total.attempts]).toEqual([6, 6 * 256, 32]);
  expect([...total.failedAttempts]).toEqual([['SCAN_CGROUP_CHARGE_FAIL', 26]]);
  expect(total.refused.get('SCAN_CGROUP_CHARGE_FAIL')).toEqual({ ranges: 26, pages: 26 * 256 });
  // The first window without room fails, and nothing smaller is tried after it.
  const room = [group('/a', 40 * M, 40 * M - 300 * 1024)];
  const small = [
    processItem(1, { memoryGroups: room }),
    vmaItem(),
    knownRanges([{ present: '0-255,256-319' }]),
  ];
  const { total: smaller } = await predictItems(small, { orders: '2-8', maxPtesNone: 0 });
  expect([smaller.attempts, smaller.filledPages]).toEqual([1, 0]);
});

test('a charge that fails ends its range at every order', async () => {
  const room = [group('/a', 40 * M, 40 * M - 300 * 1024)];
  const small: RunPolicyText = { orders: '2-8', maxPtesNone: 0 };
  expect(await fitting([room], 1, '0-63,256-511', small)).toEqual([{ path: '/a', collapses: 2, fit: 1 }]);
  expect(await fitting([room], 1, '0-255,256-319', small)).toEqual([{ path: '/a', collapses: 2, fit: 0 }]);
});

test('the limits of all ancestors count, and processes of a group share its room', async () => {
  const inner = group('/a/b', 100 * M, 10 * M);
  const outer = group('/a', 40 * M, 37 * M);
  expect(await fitting([[inner, outer], [outer]], 2, HALF, FILL)).toEqual([
    { path: '/a/b', collapses: 2, fit: 2 },
    { path: '/a', collapses: 4, fit: 2 },
  ]);
  expect(await fitting([[]], 2, HALF, FILL)).toEqual([]);
});

test('the machine keeps the originals of shared pages that are copied', async () => {
  const forked = { present: 'all', shared: '400-511' };
  const ask: RunPolicyText = { orders: 'all', maxPtesNone: 511 };
  const { total } = await predictItems([processItem(1), vmaItem(), knownRanges([forked, forked])], ask);
  expect(total.filledPages).toBe(0);
  expect(machineGrowthOf(total)).toBe(2 * 112);
  const tooMany = { present: 'all', shared: '100-511' };
  const some = await predictItems([processItem(1), vmaItem(), knownRanges([tooMany])], ask);
  expect(machineGrowthOf(some.total)).toBe(0);
});

test('what is assumed of a process is assumed where something is tried', async () => {
  const facts = { thpDisabled: undefined, pinnedBytes: M, ksmBytes: M };
  const items = [processItem(1, facts), vmaItem(), knownRanges([{ present: HALF }])];
  const assumedUnder = async (ask: RunPolicyText, inForce: boolean, zoneReclaim = false) => {
    const settings = inForce ? runPolicyOf(ask).settings : undefined;
    const surroundings = { ...HOST, settings, zoneReclaim };
    return (await predictItems(items, ask, { surroundings })).processes[0].assumed;
  };
  expect(await assumedUnder(FILL, false, true)).toEqual(['registration', 'prctl', 'pins', 'ksm', 'nodes']);
  expect(await assumedUnder(FILL, true)).toEqual(['prctl', 'pins', 'ksm']);
  expect(await assumedUnder({ orders: '9', maxPtesNone: 0 }, false)).toEqual([]);
  expect((await predictItems(items, FILL)).processes[0].assumed).toEqual([]);
});

test('memory that the PMD order is allowed in puts its process on the list', async () => {
  const assumedWith = async (flags: string[], enabled: 'madvise' | 'never', orders = '9') => {
    const settings = runPolicyOf({ orders, word: enabled }).settings;
    const items = [processItem(1), vmaItem({ flags, rssBytes: M }), knownRanges([{ present: HALF }])];
    return (await predictItems(items, FILL, { surroundings: { ...HOST, settings } })).processes[0].assumed;
  };
  expect(await assumedWith(['hg'], 'madvise')).toEqual([]);
  expect(await assumedWith([], 'madvise')).toEqual(['registration']);
  expect(await assumedWith(['hg'], 'never')).toEqual(['registration']);
  // Smaller sizes alone put nothing there.
  expect(await assumedWith(['hg'], 'madvise', '4')).toEqual(['registration']);
});

test('what a restart adds is held against the limits, of the group and of those above', async () => {
  const inner = group('/a/b', 100 * M, 10 * M);
  const outer = group('/a', 40 * M, 37 * M);
  const items = [
    processItem(1, { memoryGroups: [inner, outer] }),
    vmaItem(),
    knownRanges([{ present: HALF }, { present: HALF }, { present: HALF }, { present: HALF }]),
  ];
  const { limits } = await predictItems(items, { orders: '9', maxPtesNone: 0 });
  expect(limits.map(({ collapses, restartGrowthBytes }) => [collapses, restartGrowthBytes / M])).toEqual([
    [0, 4],
    [0, 4],
  ]);
  expect(limitSentences(limits)).toEqual([
    'control group /a: after a restart page faults would add up to 4M, and 3M are left below its limit of 40M: folios that do not fit are smaller ones',
  ]);
});

test('growth that is counted without limits is held against them', () => {
  const memoryGroups = [group('/a', 40 * M, 37 * M)];
  const process = { pid: 1, startTime: 1, command: 'p', cgroup: '/a', thpDisabled: false, memoryGroups };
  const grown = groupGrowth([
    { process, growthBytes: 2 * M, restartGrowthBytes: 0 },
    { process, growthBytes: 2 * M, restartGrowthBytes: 3 * M },
  ]);
  expect(growthBeyondLimits(grown)).toEqual([
    'control group /a: 3M are left below the limit of 40M; khugepaged would add 4M: collapses that do not fit fail. predict counts what fits',
  ]);
});

test('memory that prctl "except advised" leaves alone stays small after a restart as well', async () => {
  const surroundings = { kernelRelease: '7.2.13', settings: runPolicyOf(FILL).settings };
  const items = [processItem(1), vmaItem({ thpEligible: false }), knownRanges([{ present: HALF }])];
  const { total } = await predictItems(items, FILL, { surroundings });
  expect([total.collapses[9], total.restart.pagesByOrder[9], total.restart.pagesByOrder[0]]).toEqual([
    0, 0, 256,
  ]);
  const collector = new DigestCollector(x86_64, 1, { surroundings });
  for (const item of items) collector.add(item);
  const [{ memory }] = collector.finish();
  const { settings, model } = runPolicyOf(FILL);
  expect(new DigestQuery(memory).restart(settings, model)).toEqual(total.restart);
});
