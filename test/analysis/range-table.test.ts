import fc from 'fast-check';
import { expect, test } from 'vitest';
import '../support/seed.ts';
import { predictMemory } from '../../src/analysis/prediction/prediction.ts';
import { growthOf, refusalOf } from '../../src/analysis/ranges/tally.ts';
import type { RunPolicy, Verdict } from '../../src/analysis/ranges/verdict.ts';
import { mainOrder, RangeTable } from '../../src/analysis/table/range-table.ts';
import { emptyOutcomes } from '../../src/analysis/table/row-outcomes.ts';
import { TableJudge } from '../../src/analysis/table/table-judge.ts';
import { type Geometry, geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { pageFacts, type RangeState } from '../../src/core/memory/range-state.ts';
import type { MemoryItem } from '../../src/core/rules/memory-source.ts';
import { openSnapshotFile } from '../../src/snapshot/file.ts';
import { valueOf } from '../support/ranges.ts';
import { runPolicies, streams } from './arbitraries.ts';
import { runPolicyOf, streamOf } from './streams.ts';

const cases = fc.constantFrom(...[3, 4, 9, 11].map(geometryOfPmdOrder)).chain((geometry) =>
  fc.record({
    geometry: fc.constant(geometry),
    runPolicy: runPolicies(geometry),
    items: streams(geometry),
  }),
);

/** Judges all memory of a table and range by range, and expects the same of both. */
async function expectSame(geometry: Geometry, items: readonly MemoryItem[], runPolicy: RunPolicy) {
  const table = new RangeTable(geometry, 1);
  for (const item of items) table.add(item);
  const outcomes = emptyOutcomes(table.rows);
  const judge = new TableJudge(table, runPolicy);
  const half = table.rows >>> 1;
  judge.judge(0, half, outcomes);
  judge.judge(half, table.rows, outcomes);

  const verdicts: Verdict[] = [];
  const prediction = await predictMemory(streamOf(items), geometry, runPolicy, {
    onVerdict: (_, verdict) => {
      if (verdict.ignored !== 'not-anonymous') verdicts.push(verdict);
    },
  });
  expect(table.rows).toBe(verdicts.length);
  for (const [row, verdict] of verdicts.entries()) {
    const { range, cost } = verdict;
    // Which pages shared ones are plays no part in judging a range.
    expect({ ...table.range(row), sharedRuns: range.sharedRuns }).toEqual(range);
    const code = outcomes.refusals[row];
    expect(code === 0 ? undefined : judge.refusals[code - 1]).toEqual(refusalOf(verdict));
    expect(outcomes.mainOrders[row]).toBe(mainOrder(cost.after.pagesByOrder));
    expect(outcomes.growthPages[row]).toBe(growthOf(cost));
    expect(table.mainOrders[row]).toBe(mainOrder(cost.before.pagesByOrder));
  }
  expect(await predictMemory(streamOf(items), geometry, runPolicy)).toEqual(prediction);
  const tallies = judge.tallies();
  for (const [i, { vmas }] of prediction.processes.entries()) {
    if (vmas.length > 0) expect(tallies[i]).toEqual(prediction.processes[i].tally);
  }
}

test('a table says of each row, and of each process, what predict says; so does predict without each range', async () => {
  await fc.assert(
    fc.asyncProperty(cases, ({ geometry, items, runPolicy }) => expectSame(geometry, items, runPolicy)),
    { numRuns: 300 },
  );
});

test('and so of ranges that hold large folios and small pages, and nothing else', async () => {
  const nothing = (range: RangeState) => range.facts.present.map(() => 0);
  const withoutFacts = (range: RangeState): RangeState => {
    const facts = pageFacts({ present: range.facts.present, swap: nothing(range) }, () => nothing(range));
    return { ...range, facts, pmdMapped: false, uffdArmed: false };
  };
  const only = (item: MemoryItem): MemoryItem =>
    item.kind === 'ranges' ? { ...item, ranges: item.ranges.map(withoutFacts) } : item;
  await fc.assert(
    fc.asyncProperty(cases, ({ geometry, items, runPolicy }) =>
      expectSame(geometry, items.map(only), { ...runPolicy, outcomes: [] }),
    ),
    { numRuns: 300 },
  );
});

test('and so of small pages that are all shared', async () => {
  const allShared = (range: RangeState): RangeState => {
    const { present } = range.facts;
    const nothing = present.map(() => 0);
    const facts = pageFacts({ present, swap: nothing }, (fact) => (fact === 'shared' ? present : nothing));
    return { ...range, facts, folioOrders: undefined, pmdMapped: false, uffdArmed: false };
  };
  const shared = (item: MemoryItem): MemoryItem =>
    item.kind === 'ranges' ? { ...item, ranges: item.ranges.map(allShared) } : item;
  await fc.assert(
    fc.asyncProperty(cases, ({ geometry, items, runPolicy }) =>
      expectSame(geometry, items.map(shared), { ...runPolicy, outcomes: [] }),
    ),
    { numRuns: 300 },
  );
});

test('and so of a range of which a page is shared that is not there', async () => {
  const geometry = geometryOfPmdOrder(4);
  const withStrayBit = (item: MemoryItem): MemoryItem => {
    if (item.kind !== 'ranges') return item;
    const nothing = new Uint32Array(1);
    const facts = pageFacts({ present: nothing, swap: nothing }, (fact) =>
      fact === 'shared' ? Uint32Array.of(1) : nothing,
    );
    return { kind: 'ranges', ranges: item.ranges.map((range) => ({ ...range, facts, pmdMapped: false })) };
  };
  for (const items of fc.sample(streams(geometry), 20))
    await expectSame(geometry, items.map(withStrayBit), runPolicyOf({ orders: '2-4', maxPtesNone: 0 }));
});

test.each([
  'examples/redis.parquet',
  'examples/programs/java.parquet',
  'examples/programs/postgresql.parquet',
])('and so on recorded memory: %s', async (path) => {
  const file = valueOf(await openSnapshotFile(path));
  const items: MemoryItem[] = [];
  for await (const item of file.items()) items.push(item);
  for (const maxPtesNone of [0, 100, 511]) {
    for (const orders of ['2-9', '9', '4,6', '2-8'])
      await expectSame(file.host.geometry, items, runPolicyOf({ orders, maxPtesNone }));
  }
  file.close();
});
