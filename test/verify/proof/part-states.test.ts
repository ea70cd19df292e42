import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../../src/core/memory/geometry.ts';
import { fullOccupancy } from '../../../src/core/memory/occupancy.ts';
import { anonOrders, asOffset, asOrder, asOrderSet, ordersOf } from '../../../src/core/memory/order.ts';
import type { ScanResult } from '../../../src/core/rules/scan-result.ts';
import type { RangePart, RoundsMachine } from '../../../src/core/search/rounds/part.ts';
import { rounds, roundsAlgorithmOf } from '../../../src/core/search/rounds/rounds.ts';
import { ROUNDS_MACHINE } from '../../../src/core/search/rounds/rounds-machine.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { AlgorithmRun } from '../../../src/verify/algorithm-run.ts';
import { everySetOfOrders } from '../../../src/verify/cases/order-sets.ts';
import { OutcomeTree } from '../../../src/verify/cases/outcome-tree.ts';
import { outcomeOfCase } from '../../../src/verify/cases/search-case.ts';
import { EVERY_RESULT } from '../../../src/verify/cases/stages.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { partStates } from '../../../src/verify/proof/part-states.ts';
import { equalityProofs, propertyProof } from '../../../src/verify/proof/proving.ts';
import { brokenProperties } from '../../../src/verify/properties.ts';
import { WHOLE } from '../../support/slice.ts';

/** What is proved of a search in rounds, and what the case that refutes it shows. */
function prove(
  machine: RoundsMachine,
  pmdOrders: readonly number[],
  results: readonly ScanResult[] = EVERY_RESULT,
) {
  const checked = checkedAlgorithmOf(roundsAlgorithmOf('rounds', machine));
  const run = propertyProof(checked, { pmdOrders, results, refutes: true });
  if (typeof run === 'string') throw new Error(run);
  for (const _ of run.run());
  const result = run.result();
  const ofCase = new AlgorithmRun(checked);
  if (result.found) ofCase.run(result.found, outcomeOfCase(result.found), true);
  const shown = result.found && (ofCase.fault ? ['fault'] : brokenProperties(ofCase, result.found));
  return { ...result, shown };
}

const WITHOUT_MISSES = EVERY_RESULT.filter((result) => result !== 'SCAN_ALLOC_LIGHT_MISS');
const LEFT_OPEN = ['result', 'failed-allocation', 'stack-depth'];

describe('rounds keep what their parts show', () => {
  // The bounds of docs/khugepaged.md#rounds-bounds: 255 attempts in 8 rounds, or 510 in 16.
  test.each([
    [5, EVERY_RESULT, 16, 387, 30, 8],
    [9, EVERY_RESULT, 256, 176_519, 510, 16],
    [6, WITHOUT_MISSES, 32, 1359, 31, 5],
    ...(WHOLE ? [[9, WITHOUT_MISSES, 256, 143_879, 255, 8] as const] : []),
  ] as const)('at PMD order %i', (pmdOrder, results, sets, states, most, inRounds) => {
    const { proved, of, leavesOpen, gone } = prove(ROUNDS_MACHINE, [pmdOrder], results);
    expect({ proved, of, leavesOpen }).toEqual({
      proved: true,
      of: 'parts',
      leavesOpen: ['stops', ...LEFT_OPEN],
    });
    const orders = (2 << pmdOrder) - 4;
    const bound = { most, orders, reached: true };
    expect(gone).toMatchObject([{ pmdOrder, sets, states, visits: bound, attempts: bound }]);
    expect(gone[0].rounds).toEqual({ most: inRounds, orders, reached: true });
  });

  test('without the code at which Linux stops and rounds do not, that nothing follows a stop', () => {
    const results = EVERY_RESULT.filter((result) => result !== 'SCAN_PAGE_DIRTY_OR_WRITEBACK');
    expect(prove(ROUNDS_MACHINE, [4], results).leavesOpen).toEqual(LEFT_OPEN);
  });

  test('how many rounds there are is not said where a round has no room for a range', () => {
    expect(prove(ROUNDS_MACHINE, [3], WITHOUT_MISSES).gone[0].rounds?.most).toBe(2);
    const geometry = geometryOfPmdOrder(13);
    const setting = { geometry, orders: asOrderSet(1 << 12), minOrder: asOrder(2) };
    const { bounds } = partStates(ROUNDS_MACHINE, WITHOUT_MISSES).explore(setting);
    expect(bounds).toEqual({ visits: 2, attempts: 2, rounds: undefined });
  });
});

test('what is added up over parts is what whole runs come to, with every outcome of a full range', () => {
  const results: ScanResult[] = ['SCAN_SUCCEED', 'SCAN_PAGE_COUNT', 'SCAN_ALLOC_LIGHT_MISS'];
  for (const pmdOrder of [3, 4]) {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const range = { geometry, occupied: fullOccupancy(geometry), unmapped: 0, uffdArmed: false };
    const run = new AlgorithmRun(checkedAlgorithmOf(rounds));
    const most = { visits: 0, attempts: 0, rounds: 0 };
    for (const orders of everySetOfOrders(geometry)) {
      const tree = new OutcomeTree(results, pmdOrder);
      do {
        run.run({ range, orders, maxPtesNone: 0 }, tree.outcome, true);
        most.visits = Math.max(most.visits, run.visits);
        most.attempts = Math.max(most.attempts, run.windows.length);
        most.rounds = Math.max(most.rounds, run.rounds.length);
      } while (tree.advance());
    }
    const [gone] = prove(ROUNDS_MACHINE, [pmdOrder], results).gone;
    expect({ visits: gone.visits.most, attempts: gone.attempts.most, rounds: gone.rounds?.most }).toEqual(
      most,
    );
  }
});

/** Mistakes in rounds, each with the property that it breaks and the smallest PMD order where it does. */
const WRONG: [string, Partial<RoundsMachine>, string, number][] = [
  [
    'forgets the region of the root',
    {
      retry: (part, move, setting) =>
        part.order === Math.max(...ordersOf(setting.orders)) && move === 'next-order'
          ? undefined
          : ROUNDS_MACHINE.retry(part, move, setting),
    },
    'largest-first',
    3,
  ],
  [
    'looks at half of a region again',
    {
      retry: (part, move, setting) => {
        const retry = ROUNDS_MACHINE.retry(part, move, setting);
        return retry && move === 'next-order'
          ? { ...retry, end: part.offset + (1 << (part.order - 1)) }
          : retry;
      },
    },
    'largest-first',
    3,
  ],
  [
    'tries the lowest order at once',
    {
      retry: (part, move, setting) => {
        const retry = ROUNDS_MACHINE.retry(part, move, setting);
        const lowest = asOrder(Math.min(...ordersOf(setting.orders)));
        return retry && move === 'next-order' ? { ...retry, order: lowest, largest: lowest } : retry;
      },
    },
    'largest-first',
    4,
  ],
  [
    'takes a pinned page for a reason to go on',
    {
      action: (result, reclaim) =>
        result === 'SCAN_PAGE_COUNT' ? 'next-offset' : ROUNDS_MACHINE.action(result, reclaim),
    },
    'largest-first',
    3,
  ],
  [
    'goes on inside a window that it attempted',
    {
      after: (part, attempted, setting) =>
        attempted && part.order > 2
          ? { ...part, offset: asOffset(part.offset + 4), order: asOrder(2) }
          : ROUNDS_MACHINE.after(part, attempted, setting),
    },
    'steps-over',
    3,
  ],
  [
    'retries at the same order without reclaim',
    {
      retry: (part, move, setting) =>
        move === 'next-order'
          ? { ...part, end: part.offset + (1 << part.order), largest: part.order }
          : ROUNDS_MACHINE.retry(part, move, setting),
    },
    'attempted-once',
    3,
  ],
  [
    'keeps the offset in a byte',
    {
      after: (part, attempted, setting) => {
        const rest = ROUNDS_MACHINE.after(part, attempted, setting);
        return rest && { ...rest, offset: asOffset(rest.offset & 0xff) };
      },
    },
    'steps-over',
    9,
  ],
];

test.each(WRONG)('rounds that %s', (_, wrong, broken, from) => {
  const machine = { ...ROUNDS_MACHINE, ...wrong };
  if (from > 3) expect(prove(machine, [from - 1]).proved).toBe(true);
  const proof = prove(machine, [from]);
  expect(proof.proved).toBe(false);
  expect(proof.broken?.broken).toBe(broken);
  expect(proof.shown?.length).toBeGreaterThan(0);
});

test('the retry after a light miss must come; a prover that forgets light misses would be seen here', () => {
  const lower: RoundsMachine = {
    ...ROUNDS_MACHINE,
    retry: (part, move, setting) =>
      ROUNDS_MACHINE.retry(part, move === 'again' ? 'next-order' : move, setting),
  };
  expect(prove(lower, [4], WITHOUT_MISSES).proved).toBe(true);
  const { proved, broken, found } = prove(lower, [4]);
  // No run is held to that, so cases do not show it.
  expect({ proved, broken: broken?.broken, found }).toEqual({
    proved: false,
    broken: 'largest-first',
    found: undefined,
  });
});

describe('walk and rounds attempt the same windows', () => {
  function provedOf(
    machine: RoundsMachine,
    results: readonly ScanResult[],
    relation: 'windows' | 'attempts',
  ) {
    const algorithms = [walk, roundsAlgorithmOf('rounds', machine)].map((each) => checkedAlgorithmOf(each));
    const asks = { pmdOrders: [5], results, refutes: false };
    const runs = equalityProofs([algorithms[0], algorithms[1]], relation, asks);
    if (typeof runs === 'string') return runs;
    for (const run of runs) for (const _ of run.run());
    return runs.at(-1)?.result();
  }
  const going: ScanResult[] = [
    'SCAN_SUCCEED',
    'SCAN_PAGE_COUNT',
    'SCAN_PTE_MAPPED_HUGEPAGE',
    'SCAN_ALLOC_HUGE_PAGE_FAIL',
  ];

  test('where no result ends the search', () => {
    expect(provedOf(ROUNDS_MACHINE, going, 'windows')).toMatchObject({
      proved: true,
      sameness: 'set',
      gone: [{ pmdOrder: 5 }],
    });
  });

  test('but not in the same order, nor after a result that ends it, nor if the rounds are wrong', () => {
    expect(provedOf(ROUNDS_MACHINE, going, 'attempts')).toContain('--relation windows');
    const ends = provedOf(ROUNDS_MACHINE, [...going, 'SCAN_CGROUP_CHARGE_FAIL'], 'windows');
    expect(ends).toMatchObject({
      proved: false,
      stopped: expect.stringContaining('SCAN_CGROUP_CHARGE_FAIL'),
    });
    const wrong = provedOf({ ...ROUNDS_MACHINE, ...WRONG[1][1] }, going, 'windows');
    expect(wrong).toMatchObject({ proved: false, stopped: expect.stringContaining('rounds') });
  });
});

/** The stores that a first round can leave, in all: what would have to be gone through in place of parts. */
function storesAfterOneRound(pmdOrder: number): number {
  const geometry = geometryOfPmdOrder(pmdOrder);
  const setting = { geometry, orders: anonOrders(geometry), minOrder: asOrder(2) };
  const stores = new Set<string>();
  const seen = new Set<string>();
  const open: [RangePart | undefined, string][] = [[ROUNDS_MACHINE.start(setting, 0, 1 << pmdOrder), '']];
  for (const [part, store] of open) {
    if (!part) {
      stores.add(store);
      continue;
    }
    const retry = ROUNDS_MACHINE.retry(part, 'next-order', setting);
    const pushed = retry ? `${store} ${retry.offset}-${retry.end}:${retry.order}` : store;
    for (const [attempted, left] of [
      [false, store],
      [true, store],
      [true, pushed],
    ] as const) {
      const rest = ROUNDS_MACHINE.after(part, attempted, setting);
      const key = `${rest?.offset} ${rest?.order}|${left}`;
      if (!seen.has(key)) open.push([rest, left]);
      seen.add(key);
    }
  }
  return stores.size;
}

test('a round leaves one of so many stores as docs/verify.md says: too many to go through', () => {
  expect([4, 5, 6].map(storesAfterOneRound)).toEqual([5, 26, 677]);
  const text = readFileSync('docs/verify.md', 'utf8').replaceAll('\n', ' ');
  expect(text).toContain(
    '26 stores at PMD order 5, of 677 at 6, and of n² + 1 at each one further on: 458,330 at 7',
  );
  expect(677 ** 2 + 1).toBe(458_330);
  expect((458_330 ** 2 + 1) ** 2 / 1e22).toBeCloseTo(4.4, 1);
});
