import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { NO_ORDERS } from '../../src/core/memory/order.ts';
import type { MemoryItem, Process } from '../../src/core/rules/memory-source.ts';
import { INELIGIBLE_REASONS, type Ineligible, type Vma } from '../../src/core/rules/vma.ts';
import { collapseText, rangeOf } from '../support/ranges.ts';
import {
  knownRanges,
  predictItems,
  processItem,
  type RunPolicyText,
  rangesItem,
  runPolicyOf,
  verdictsOf,
  vmaItem,
} from './streams.ts';

const M = 2 ** 20;
const FULL = { present: 'all' };

test('a range that the VMA does not wholly cover is never planned, at any order', async () => {
  const page = 4096;
  const cut = [
    vmaItem({ start: 2 * M + page, end: 10 * M - page, flags: ['hg'] }),
    knownRanges([{ present: '1-511' }, FULL, FULL, { present: '0-510' }], 2 * M),
  ];
  const verdicts = await verdictsOf(cut, { orders: 'all', maxPtesNone: 511 });
  expect(verdicts.map(({ ignored, plan }) => ignored ?? collapseText(plan!))).toEqual([
    'vma-edge',
    '0:9',
    '0:9',
    'vma-edge',
  ]);
  for (const { cost } of verdicts.filter(({ ignored }) => ignored)) expect(cost.after).toEqual(cost.before);
});

test('a VMA that begins and ends at its ranges has no edges', async () => {
  const whole = [vmaItem({ start: 2 * M, end: 6 * M }), knownRanges([FULL, FULL], 2 * M)];
  const verdicts = await verdictsOf(whole);
  expect(verdicts.map(({ ignored }) => ignored)).toEqual([undefined, undefined]);
});

const INELIGIBLE: Record<
  Exclude<Ineligible, 'smaps'>,
  { vma?: Partial<Vma>; runPolicy?: RunPolicyText; process?: Partial<Process> }
> = {
  settings: { runPolicy: { orders: '' } },
  'kernel-sizes': { runPolicy: { orders: '2-8', model: 'linux-6.18' } },
  'not-anonymous': { vma: { anonymous: false } },
  nohugepage: { vma: { flags: ['nh'] } },
  prctl: { process: { thpDisabled: true } },
  special: { vma: { flags: ['io'] } },
  'temporary-stack': { vma: { flags: ['gd', 'sr', 'rr'] } },
  'too-small': { vma: { end: 4096 }, runPolicy: { orders: '2-9' } },
};

for (const [reason, { vma, runPolicy, process }] of Object.entries(INELIGIBLE)) {
  test(`no range of a VMA is planned because: ${INELIGIBLE_REASONS[reason as Ineligible]}`, async () => {
    const [verdict] = await verdictsOf([vmaItem(vma), knownRanges([FULL])], runPolicy, process);
    expect(verdict).toMatchObject({
      ignored: reason,
      plan: undefined,
      policy: { orders: NO_ORDERS },
      cost: { attempts: 0, coveredPages: 0 },
    });
  });
}

test('memory of an ineligible VMA is refused for that reason and not scanned', async () => {
  const { total, processes } = await predictItems([
    processItem(1),
    vmaItem({ flags: ['nh'] }),
    knownRanges([FULL, { present: '0-9' }]),
  ]);
  expect(processes[0].vmas[0].eligibility).toEqual({ orders: NO_ORDERS, ineligible: 'nohugepage' });
  expect(total).toMatchObject({ ranges: 2, scanned: 0, residentPages: 522 });
  expect([...total.refused]).toEqual([['nohugepage', { ranges: 2, pages: 522 }]]);
});

for (const { runPolicy, flags, collapses } of [
  { runPolicy: { word: 'madvise' }, flags: ['hg'], collapses: '0:9' },
  { runPolicy: { word: 'madvise' }, flags: [], collapses: 'settings' },
  { runPolicy: { word: 'inherit', enabled: 'madvise' }, flags: ['hg'], collapses: '0:9' },
  { runPolicy: { word: 'inherit', enabled: 'madvise' }, flags: [], collapses: 'settings' },
  { runPolicy: { word: 'inherit', enabled: 'never' }, flags: ['hg'], collapses: 'settings' },
  { runPolicy: { word: 'always', enabled: 'never' }, flags: [], collapses: '0:9' },
] satisfies { runPolicy: RunPolicyText; flags: string[]; collapses: string }[]) {
  const top = 'enabled' in runPolicy ? ` with ${runPolicy.enabled} at the top` : '';
  test(`sizes ${runPolicy.word}${top}, VMA flags [${flags}]: ${collapses}`, async () => {
    const [{ ignored, plan }] = await verdictsOf([vmaItem({ flags }), knownRanges([FULL])], runPolicy);
    expect(ignored ?? collapseText(plan!)).toBe(collapses);
  });
}

test('madvised and other VMAs of one process are judged each by its own orders', async () => {
  const { processes } = await predictItems(
    [
      processItem(1),
      vmaItem({ end: 4 * M, flags: ['hg'] }),
      knownRanges([FULL]),
      vmaItem({ start: 4 * M, end: 8 * M }),
      knownRanges([FULL], 4 * M),
    ],
    { word: 'madvise' },
  );
  expect(processes[0].vmas.map(({ tally }) => tally.coveredPages)).toEqual([512, 0]);
});

const REFUSALS: readonly (readonly [
  refusal: string,
  range: Parameters<typeof rangeOf>[0],
  runPolicy: RunPolicyText,
])[] = [
  ['no-window', { present: '0-2' }, { maxPtesNone: 0 }],
  ['SCAN_EXCEED_NONE_PTE', { present: '0-2' }, { orders: '9', maxPtesNone: 0 }],
  ['SCAN_PMD_MAPPED', { pmdMapped: true }, {}],
  ['SCAN_PTE_MAPPED_HUGEPAGE', { present: '0-15', folios: ['4@0-15'] }, { orders: '2-4', maxPtesNone: 0 }],
  // Two reasons: the one that khugepaged returns counts.
  [
    'SCAN_PAGE_LOCK',
    { present: '0-15' },
    { orders: '2-3', maxPtesNone: 0, outcomes: ['3=SCAN_PAGE_COUNT', '2=SCAN_PAGE_LOCK'] },
  ],
];

for (const [refusal, range, runPolicy] of REFUSALS) {
  test(`a range is refused with ${refusal}`, async () => {
    const { total } = await predictItems([processItem(1), vmaItem(), knownRanges([range])], runPolicy);
    expect([...total.refused.keys()]).toEqual([refusal]);
  });
}

test('only facts of scanned ranges count as assumed', async () => {
  const { total, processes } = await predictItems([
    processItem(1),
    vmaItem({ flags: ['nh'] }),
    rangesItem(rangeOf(FULL)),
    processItem(2),
    vmaItem(),
    knownRanges([FULL, { ...FULL, pinned: undefined }]),
  ]);
  expect(total.unknown).toEqual(new Set(['pinned']));
  expect(processes.map(({ tally }) => tally.unknown.size)).toEqual([0, 1]);
});

test('resident memory of files counts as other and stays out of the totals', async () => {
  const { processes, total } = await predictItems([
    processItem(1),
    vmaItem({ anonymous: false, rssBytes: 3 * M }),
    knownRanges([FULL]),
    vmaItem({ anonymous: false, rssBytes: 4 * M }),
    vmaItem({ rssBytes: 2 * M }),
    knownRanges([FULL]),
  ]);
  expect(processes[0]).toMatchObject({ otherBytes: 7 * M, disputedBytes: 0, vmas: { length: 1 } });
  expect(total.ranges).toBe(1);
});

test('memory of files is not known of a process without any, for every program maps some', async () => {
  const file = vmaItem({ anonymous: false, rssBytes: M });
  const { processes, otherBytes } = await predictItems([processItem(1), file, processItem(2), vmaItem()]);
  expect(processes.map((each) => each.otherBytes)).toEqual([M, undefined]);
  expect(otherBytes).toBeUndefined();
  const two = await predictItems([processItem(1), file, processItem(2), file]);
  expect(two.otherBytes).toBe(2 * M);
});

test('anonymous memory that THPeligible judges otherwise is disputed', async () => {
  const { processes } = await predictItems([
    processItem(1),
    vmaItem({ rssBytes: 1, thpEligible: true }),
    vmaItem({ rssBytes: 10, thpEligible: false }),
    vmaItem({ rssBytes: 100, thpEligible: undefined }),
    vmaItem({ rssBytes: 1000, thpEligible: true, flags: ['nh'] }),
    vmaItem({ rssBytes: 10_000, thpEligible: false, flags: ['nh'] }),
    vmaItem({ rssBytes: 100_000, thpEligible: true, anonymous: false }),
  ]);
  expect(processes[0].disputedBytes).toBe(1010);
});

test('skipped processes and notes are kept in order, between whatever they come', async () => {
  const failure = { kind: 'permission', message: 'no' } as const;
  const { skipped, notes, processes, total } = await predictItems([
    { kind: 'note', message: 'first' },
    processItem(1),
    vmaItem(),
    { kind: 'skipped', pid: 7, failure },
    knownRanges([FULL]),
    { kind: 'note', message: 'second' },
    { kind: 'skipped', pid: 5, failure },
  ]);
  expect(skipped).toEqual([
    { kind: 'skipped', pid: 7, failure },
    { kind: 'skipped', pid: 5, failure },
  ]);
  expect(notes).toEqual(['first', 'second']);
  expect(processes).toHaveLength(1);
  expect(total.ranges).toBe(1);
});

test('an empty stream predicts nothing', async () => {
  expect(await predictItems([])).toMatchObject({
    processes: [],
    skipped: [],
    notes: [],
    total: { ranges: 0 },
  });
});

for (const { what, items } of [
  { what: 'a VMA before any process', items: [vmaItem()] },
  { what: 'ranges before any VMA', items: [processItem(1), knownRanges([FULL])] },
  {
    what: 'ranges of a new process before its first VMA',
    items: [processItem(1), vmaItem(), processItem(2), knownRanges([FULL])],
  },
]) {
  test(`${what} is a bug of the source`, async () => {
    await expect(predictItems(items)).rejects.toThrow('a source');
  });
}

test('the listener hears of each range in order, and each batch ends before the next begins', async () => {
  const heard: string[] = [];
  await predictItems(
    [
      processItem(1),
      vmaItem(),
      knownRanges([FULL, FULL]),
      knownRanges([FULL], 4 * M),
      processItem(2),
      vmaItem(),
      knownRanges([FULL]),
    ],
    {},
    {
      onVerdict: ({ pid }, { range }) => heard.push(`${pid} at ${range.address / M}M`),
      onBatch: async () => {
        await setImmediate();
        heard.push('batch');
      },
    },
  );
  expect(heard).toEqual(['1 at 0M', '1 at 2M', 'batch', '1 at 4M', 'batch', '2 at 0M', 'batch']);
});

test('no range is kept once the next batch is read', async () => {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  const batches = 2000;
  const seen: WeakRef<object>[] = [];
  let kept = -1;

  async function* manyRanges(): AsyncGenerator<MemoryItem> {
    yield processItem(1);
    yield vmaItem();
    for (let batch = 0; batch < batches; batch++) yield batchOf(100);
    yield rangesItem();
    // References that this turn of the event loop made are only dropped in the next.
    await setImmediate();
    collectGarbage();
    kept = seen.filter((range) => range.deref() !== undefined).length;
  }
  function batchOf(count: number): MemoryItem {
    const batch = Array.from({ length: count }, () => rangeOf({ pmdOrder: 3, present: '0-3' }));
    seen.push(new WeakRef(batch[0]));
    return rangesItem(...batch);
  }

  const runPolicy = runPolicyOf({ pmdOrder: 3 });
  const { total } = await predictMemory(manyRanges(), geometryOfPmdOrder(3), runPolicy);
  expect(total.ranges).toBe(100 * batches);
  // The batch in hand, and what the engine has not let go of yet.
  expect(kept).toBeLessThan(10);
});
