import { expect, test } from 'vitest';
import { growthOf } from '../../src/analysis/ranges/tally.ts';
import { judgedCells, mapCells } from '../../src/analysis/table/map-cells.ts';
import { sum } from '../../src/core/base/sum.ts';
import { rangeBytes, x86_64 } from '../../src/core/memory/geometry.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { findingsIn } from './report-findings.ts';
import { knownRanges, processItem, vmaItem } from './streams.ts';

const RANGE = rangeBytes(x86_64);
const inForce = defaultSettings(x86_64);

/** Two processes; the second has two VMAs: one full and half full ranges, one with an edge. */
const ITEMS = [
  processItem(1),
  vmaItem({ start: 0, end: 4 * RANGE }),
  knownRanges([{ present: '0-15' }]),
  processItem(2),
  vmaItem({ start: 0, end: 4 * RANGE }),
  knownRanges([{ present: 'all' }, { present: '0-255' }, { present: '0-3', pmdMapped: false }]),
  vmaItem({ start: 8 * RANGE, end: 9.5 * RANGE }),
  knownRanges([{ present: '1' }, { present: '0-7' }], 8 * RANGE),
];

test('counts and ranges tell the same of a policy, of each process and of all', () => {
  const { asked, processes, memory } = findingsIn(ITEMS, { orders: 'all', maxPtesNone: 0 });
  const total = asked.ranges?.total;
  expect(total && growthOf(total)).toBe(asked.growthPages);
  expect(total?.attempts).toBe(sum(asked.counts.attempts));
  expect(processes.map(({ process }) => process.pid)).toEqual([2, 1]);
  for (const { tally, counts, memory: own } of processes) {
    expect(tally?.residentPages).toBe(own.residentPages);
    expect(tally?.attempts).toBe(sum(counts.attempts));
  }
  // 16 pages of the first, 512, 256 and 4 of the second; the edge and the single page stay.
  expect(asked.hugePages).toBe(16 + 512 + 256 + 4);
  expect(memory.residentPages).toBe(asked.hugePages + 1 + 8);
});

test('pages that come back from swap are growth, as filled ones are', () => {
  const items = [processItem(1), vmaItem(), knownRanges([{ present: '0-499', swap: '500-509' }])];
  const { asked } = findingsIn(items, { orders: '9', maxPtesNone: 511, maxPtesSwap: 64 });
  expect(asked.growthPages).toBe(12);
  expect(asked.ranges && growthOf(asked.ranges.total)).toBe(12);
});

test('advice keeps to its budgets and knows the way back', () => {
  const {
    advice,
    memory,
    asked,
    kernelDefault,
    inForce: known,
  } = findingsIn(ITEMS, {
    inForce,
    orders: '4',
    maxPtesNone: 0,
  });
  expect(advice.map(({ share }) => share)).toEqual([0, 0.05, 0.2]);
  for (const { share, budget, finding, advice: each } of advice) {
    if (!each.leave || each.inForce?.keepsBudget) {
      expect(finding.growthPages).toBeLessThanOrEqual(budget.growthPages);
      expect(each.advised.worth.restart?.growthPages).toBeLessThanOrEqual(budget.growthPages);
    }
    expect(budget.growthPages).toBe(Math.floor(memory.residentPages * share));
    expect(each.restore?.length).toBe(each.set.length);
  }
  expect(kernelDefault.counts).toEqual(known?.counts);
  expect(asked.counts).not.toEqual(kernelDefault.counts);
});

test('without the settings in force there is no way back', () => {
  const { advice, inForce: known } = findingsIn(ITEMS);
  expect(known).toBeUndefined();
  expect(advice.every((each) => each.advice.restore === undefined)).toBe(true);
  // Whatever is in force: every file of the sizes, the top level and the limits.
  expect(advice.every((each) => each.advice.set.length === 12)).toBe(true);
});

test('cells are ranges in address order, with what becomes of them', () => {
  const { asked, read } = findingsIn(ITEMS, { orders: 'all', maxPtesNone: 0 });
  const cells = mapCells(read.table!, 1, 100)!;
  expect([...cells.occupancy]).toEqual([1, 0.5, 4 / 512, 1 / 512, 8 / 512]);
  expect(cells.vmaStarts).toEqual([3]);
  const judged = judgedCells(read.table!, asked.ranges!, cells);
  expect([...judged.orders]).toEqual([9, 8, 2, 0, 0]);
  expect([...judged.stays]).toEqual([0, 0, 0, 1, 1]);
});

test('a cell of several ranges has their mean occupancy and the size of most of their memory', () => {
  const { asked, read } = findingsIn(ITEMS, { orders: 'all', maxPtesNone: 0 });
  const cells = mapCells(read.table!, 1, 3)!;
  expect(cells.rowsPerCell).toBe(2);
  expect([...cells.occupancy]).toEqual([0.75, 5 / 1024, 8 / 512]);
  const judged = judgedCells(read.table!, asked.ranges!, cells);
  expect([...judged.orders]).toEqual([9, 2, 0]);
  // One of the two ranges of the second cell changes.
  expect([...judged.stays]).toEqual([0, 0, 1]);
});

test('a process without ranges has no cells', () => {
  const { read } = findingsIn([processItem(1), ...ITEMS]);
  expect(mapCells(read.table!, 0, 10)).toBeUndefined();
});

test('huge ranges do not count as refused', () => {
  const items = [processItem(1), vmaItem(), knownRanges([{ present: 'all', pmdMapped: true }])];
  const { asked, read } = findingsIn(items);
  const judged = judgedCells(read.table!, asked.ranges!, mapCells(read.table!, 0, 10)!);
  expect([[...judged.orders], [...judged.stays]]).toEqual([[9], [0]]);
});

test('the range that says most grows most; where nothing changes it is the fullest of the whole ones', () => {
  const telling = (text: Parameters<typeof findingsIn>[1]) => {
    const process = findingsIn(ITEMS, text).processes.find(({ index }) => index === 1)!;
    return process.telling!.verdict.range.address / RANGE;
  };
  expect(telling({ orders: '9', maxPtesNone: 511 })).toBe(8);
  expect(telling({ orders: '9', maxPtesNone: 508 })).toBe(2);
  expect(telling({ orders: '' })).toBe(0);
});
