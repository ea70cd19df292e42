import { expect, test } from 'vitest';
import type { Listing } from '../../src/analysis/prediction/process-list.ts';
import type { CollapseSurroundings } from '../../src/analysis/ranges/assumptions.ts';
import { readOnKernel } from '../../src/analysis/reading/read-on.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import { enabledOrders } from '../../src/core/rules/thp-settings.ts';
import { styleOf } from '../../src/render/text/layout/style.ts';
import { type PredictView, predictText } from '../../src/render/text/predict/predict.ts';
import {
  knownRanges,
  predictItems,
  processItem,
  type RunPolicyText,
  rangesItem,
  runPolicyOf,
  vmaItem,
} from '../analysis/streams.ts';
import { rangeOf } from '../support/ranges.ts';
import { ZEN } from '../support/reach.ts';
import { withoutColor } from './without-color.ts';

const M = 2 ** 20;

interface Ask extends RunPolicyText {
  readonly verbose?: boolean;
  readonly restart?: boolean;
  readonly color?: boolean;
  readonly listing?: Partial<Listing>;
  /** Whether the processes run, and were not recorded. */
  readonly live?: boolean;
}

async function textOf(
  items: readonly MemoryItem[],
  ask: Ask = {},
  surroundings?: CollapseSurroundings,
): Promise<string> {
  const geometry = geometryOfPmdOrder(ask.pmdOrder ?? 9);
  const { settings, model, algorithm } = runPolicyOf(ask);
  const orders = enabledOrders(settings, true, geometry);
  const view: PredictView = {
    prediction: await predictItems(items, ask, { surroundings }),
    settings,
    policy: { ...collapsePolicy(orders, settings, model, geometry), algorithm },
    reach: ZEN,
    readOn: readOnKernel('7.2.13', true),
    verbose: ask.verbose ?? false,
    restart: ask.restart ?? false,
    listing: ask.listing ?? {},
    ...(ask.live ? { costs: [] } : {}),
  };
  return predictText(view, styleOf(ask.color ?? false));
}

/** A database: a heap with holes, an edge, a huge page, a VMA that opted out, files. */
const DATABASE: readonly MemoryItem[] = [
  processItem(4711, { command: 'redis-server', cgroup: '/system.slice/redis.service' }),
  vmaItem({ start: 0, end: 33 * M, name: '[heap]', rssBytes: 18 * M, thpEligible: false }),
  knownRanges([
    { present: 'all' },
    { present: '0-255' },
    { present: '0-15', zero: '15' },
    { present: '0-99', swap: '100-299' },
    { pmdMapped: true, folios: ['9@0-511'] },
    { present: '0-63', folios: ['4@0-63'] },
  ]),
  knownRanges([{ present: '0-9' }], 32 * M),
  vmaItem({ start: 64 * M, end: 66 * M, flags: ['nh'] }),
  rangesItem(rangeOf({ present: '0-255', address: 64 * M })),
  vmaItem({ start: 128 * M, end: 256 * M, name: '/usr/bin/redis', anonymous: false, rssBytes: 5 * M }),
];

function small(pid: number, pages: number): MemoryItem[] {
  return [
    processItem(pid, { command: `worker-${pid}` }),
    vmaItem(),
    rangesItem(rangeOf({ present: `0-${pages - 1}` })),
  ];
}

test('of processes that run it names the command that makes the collapses to the PMD size at once', async () => {
  const now = 'thpscope apply --collapse makes';
  expect(await textOf(DATABASE, { live: true })).toContain(`${now} the 4 collapses to 2M at once`);
  expect(await textOf(DATABASE)).not.toContain(now);
  expect(await textOf(DATABASE, { live: true, orders: '4', maxPtesNone: 0 })).not.toContain(now);
});

const FOUR = [...DATABASE, ...small(12, 16), ...small(345, 512), ...small(6, 3)];

const ALL: Ask = { orders: 'all', maxPtesNone: 511 };
const STRICT: Ask = { orders: '4,9', maxPtesNone: 0 };

const GOLDEN: Record<string, { items: readonly MemoryItem[]; ask: Ask }> = {
  'one-process': { items: DATABASE, ask: ALL },
  'one-process-strict': { items: DATABASE, ask: STRICT },
  'one-process-restart': { items: DATABASE, ask: { ...STRICT, restart: true } },
  'one-process-verbose': { items: DATABASE, ask: { ...ALL, verbose: true } },
  'four-processes': { items: FOUR, ask: ALL },
  'nothing-eligible': { items: DATABASE, ask: { orders: '', maxPtesNone: 0 } },
  'nothing-read': { items: [], ask: ALL },
  'skipped-and-notes': {
    items: [
      ...small(1, 16),
      { kind: 'skipped', pid: 2, failure: { kind: 'permission', message: 'process 2: permission denied' } },
      { kind: 'skipped', pid: 3, failure: { kind: 'permission', message: 'process 3: permission denied' } },
      { kind: 'skipped', pid: 4, failure: { kind: 'unreadable', message: 'process 4: it has exited' } },
      { kind: 'note', message: 'folio orders need root' },
      processItem(5),
    ],
    ask: ALL,
  },
};

for (const [name, { items, ask }] of Object.entries(GOLDEN)) {
  test(`a prediction as text: ${name}`, async () => {
    const text = await textOf(items, ask);
    await expect(text).toMatchFileSnapshot(`golden/predict-${name}.txt`);
    const colored = await textOf(items, { ...ask, color: true });
    expect(text).not.toContain('\u001b');
    expect(colored).not.toBe(text);
    expect(withoutColor(colored)).toBe(text);
  });
}

test('sizes follow the page size of the machine', async () => {
  const items = [processItem(1), vmaItem(), rangesItem(rangeOf({ pmdOrder: 13, present: '0-31' }))];
  const text = await textOf(items, { pmdOrder: 13, orders: '5', maxPtesNone: 0 });
  expect(text).toContain('2M anonymous; khugepaged scans 1 PMD range of 512M');
  expect(text).toContain('2M of 2M in use (100%): 2M in 2M');
});

test('growth is given as memory and as a share of what is resident', async () => {
  const items = [processItem(1), vmaItem(), knownRanges([{ present: '0-127', swap: '128-159' }])];
  const text = await textOf(items, { orders: '9', maxPtesNone: 511 });
  // 32 of the 128 recently used pages would not do: swap asks for half of the range.
  expect(text).toContain('stays the same');
  const used = [processItem(1), vmaItem(), knownRanges([{ present: '0-319', swap: '320-351' }])];
  // 160 empty and 32 swapped-in pages on top of 320.
  expect(await textOf(used, { orders: '9', maxPtesNone: 511 })).toContain(
    'grows by 768K (+60% of this memory): max_ptes_none 511 lets empty pages be filled; 128K comes back from swap',
  );
});

test('the share of huge memory is that of the memory before and after', async () => {
  const items = [
    processItem(1),
    vmaItem(),
    knownRanges([{ present: 'all', folios: ['4@0-127'] }, { present: '0-511' }]),
  ];
  const text = await textOf(items, { orders: '4', maxPtesNone: 0, outcomes: ['0:4=SCAN_PAGE_COUNT'] });
  expect(text).toContain('512K of 4M in use (13%): 512K in 64K');
  expect(text).toContain('3.94M of 4M in use (98%): 3.94M in 64K');
});

test('a table shows twenty processes, by growth or as asked, and adds up the rest', async () => {
  const items = Array.from({ length: 25 }, (_, i) => small(100 + i, 16 * (i + 1))).flat();
  const linesOf = async (ask: Ask) => (await textOf(items, ask)).split('\n');
  const pidsOf = (lines: readonly string[]) =>
    lines.filter((line) => / worker-/.test(line)).map((line) => Number.parseInt(line, 10));
  const byGrowth = await linesOf(ALL);
  expect(pidsOf(byGrowth)).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i));
  expect(byGrowth).toContain('and 5 more: 7.19M of memory, 0B of it huge now and 7.19M then, growth 2.81M');
  const byMemory = await linesOf({ ...ALL, listing: { sort: 'memory', top: 2 } });
  expect(pidsOf(byMemory)).toEqual([124, 123]);
  const sections = await linesOf({ ...ALL, verbose: true, listing: { sort: 'memory', top: 1 } });
  expect(sections.filter((line) => line.startsWith('worker-'))).toEqual(['worker-124 (pid 124)']);
  expect(sections.join('\n')).toContain('and 24 more: ');
});

test('the word of the kernel is believed under the settings in force, and named where it is no sign', async () => {
  const items = [
    processItem(1),
    vmaItem({ rssBytes: 2 * M, thpEligible: false }),
    knownRanges([{ present: 'all' }]),
  ];
  const inForce = runPolicyOf(ALL).settings;
  const host = { kernelRelease: '7.2.13', settings: inForce };
  expect(await textOf(items, ALL, host)).toContain('the kernel itself says no');
  expect(await textOf(items, STRICT, host)).toContain('the kernel itself says no');
  const nothing = { ...host, settings: runPolicyOf({ orders: '' }).settings };
  expect(await textOf(items, ALL, nothing)).toContain('whether "except advised" leaves 2M as they are');
  // Such a prctl came with Linux 6.18.
  const older = { ...nothing, kernelRelease: '6.12.1' };
  expect(await textOf(items, ALL, older)).not.toContain('except advised" leaves');
});

test('what is assumed of processes is named where it matters, with how one comes to be visited', async () => {
  const process = { thpDisabled: undefined, pinnedBytes: 8 * M, ksmBytes: M };
  const items = [processItem(1, process), vmaItem(), knownRanges([{ present: '0-99', pinned: undefined }])];
  const host = { kernelRelease: '4.19.1', settings: undefined, zoneReclaim: true };
  const text = await textOf(items, ALL, host);
  expect(text).toContain('pinned        8M for long (VmPin');
  expect(text).toContain('merged by KSM 1M:');
  expect(text).toContain('this kernel does not tell whether THP is disabled for the process');
  expect(text).toContain('khugepaged visits the process, though other sizes are in force');
  expect(text).toContain('To be sure: restart the process');
  expect(text).toContain('no PMD range has pages on two NUMA nodes');
  expect(text).not.toContain('no page is pinned\n');
  const nothing = await textOf(items, { orders: '9', maxPtesNone: 0 }, host);
  expect(nothing).not.toContain('khugepaged visits');
  expect(nothing).not.toContain('VmPin');
});

test('a lower max_ptes_none arms the shrinker, which is said where there are huge pages for it', async () => {
  const host = { kernelRelease: '7.2.13', settings: runPolicyOf(ALL).settings, shrinkUnderused: true };
  const items = [processItem(1), vmaItem(), knownRanges([{ pmdMapped: true, folios: ['9@0-511'] }])];
  const armed = 'reclaim splits 2M pages that are zeros in more than 409 of their 512 pages';
  const lower = { ...ALL, maxPtesNone: 409 };
  expect(await textOf(items, lower, host)).toContain(armed);
  expect(await textOf(items, lower, host)).toContain(
    'how much of the 2M that are such pages now cannot be seen',
  );
  expect(await textOf(items, ALL, host)).not.toContain('reclaim splits');
  expect(await textOf(items, lower, { ...host, shrinkUnderused: false })).not.toContain('reclaim splits');
  const small = [processItem(1), vmaItem(), knownRanges([{ present: '0-15' }])];
  expect(await textOf(small, { ...lower, orders: '4' }, host)).not.toContain('reclaim splits');
});
