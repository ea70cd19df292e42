import { expect, test } from 'vitest';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { asOffset, asOrder, type OrderSet, type Window } from '../../src/core/memory/order.ts';
import type { CollapsePolicy } from '../../src/core/rules/policy.ts';
import { judgeWindow, type ScannedRange } from '../../src/core/search/algorithm.ts';
import { bestCover, type Objective, parseObjective, worthOf } from '../../src/verify/best-cover.ts';
import { spacesToCheck } from '../../src/verify/cases/small-cases.ts';
import { emptyGap, optimality } from '../../src/verify/optimality.ts';
import { messageOf, policyOf, valueOf } from '../support/ranges.ts';
import { builtIn, examined } from './algorithms.ts';

/** The worth of the best of all sets of disjoint windows, tried one by one. */
function bestOfAll(range: ScannedRange, policy: CollapsePolicy, objective: Objective): number {
  const allowed: Window[] = [];
  for (const order of [2, 3, 4].filter((each) => each <= range.geometry.pmdOrder).map(asOrder)) {
    for (let at = 0; at < 2 ** range.geometry.pmdOrder; at += 2 ** order) {
      const window = judgeWindow(range, policy, asOffset(at), order);
      if (window.qualifies) allowed.push({ offset: window.offset, order });
    }
  }
  let best = Number.NEGATIVE_INFINITY;
  for (let chosen = 0; chosen < 2 ** allowed.length; chosen++) {
    const cover = allowed.filter((_, i) => (chosen >> i) % 2 === 1);
    const overlap = cover.some((a) =>
      cover.some((b) => a !== b && a.offset < b.offset + 2 ** b.order && b.offset < a.offset + 2 ** a.order),
    );
    if (!overlap) best = Math.max(best, worthOf(range, cover, objective));
  }
  return best;
}

const OBJECTIVES = ['coverage', 'folios', 'price:0.5', 'price:1', 'price:2'];

test.each(OBJECTIVES)('the best cover is the best of all covers: %s', (text) => {
  const objective = valueOf(parseObjective(text));
  const geometry = geometryOfPmdOrder(4);
  for (let draw = 0; draw < 4000; draw++) {
    const bits = (draw * 40503) & 0xffff & (draw % 3 === 0 ? 0xf00f : 0xffff);
    const range = { geometry, occupied: Uint32Array.of(bits), unmapped: 0, uffdArmed: false };
    const maxPtesNone = [0, 7, 12, 15][draw % 4];
    const scaled = policyOf({ pmdOrder: 4, maxPtesNone, model: draw % 2 === 0 ? 'linux-7.2' : 'scaled' });
    const policy = { ...scaled, orders: ((draw % 8) * 4) as OrderSet };
    const { windows, worth } = bestCover(range, policy, objective);
    expect(worth).toBe(bestOfAll(range, policy, objective));
    expect(worthOf(range, windows, objective)).toBe(worth);
  }
});

const results = ['SCAN_SUCCEED'] as const;
const spaces = spacesToCheck(results).filter(({ pmdOrder }) => pmdOrder === 3);

test.each([
  ['coverage', [9]],
  ['folios', []],
  ['price:0.5', []],
])('the walk finds the best cover: %s', (text, randomOrders) => {
  const gap = emptyGap();
  const question = optimality(builtIn('walk'), valueOf(parseObjective(text)), gap);
  expect(examined(question, { spaces, randomOrders, results }).findings).toEqual([]);
  expect(gap.behind).toBe(0);
  expect(gap.worth).toBe(gap.best);
  expect(gap.ranges).toBeGreaterThan(10_000);
});

test('the walk does not when filled pages cost more than they bring, and the gap is counted', () => {
  const gap = emptyGap();
  const question = optimality(builtIn('walk'), valueOf(parseObjective('price:2')), gap);
  const { findings } = examined(question, { spaces, results });
  expect(findings[0].case).toMatchObject({
    orders: 4,
    maxPtesNone: 7,
    range: { occupied: Uint32Array.of(1) },
  });
  expect(gap.behind).toBeGreaterThan(1000);
  expect(gap.worth).toBeLessThan(gap.best);
});

test('an objective that is none is refused', () => {
  expect(messageOf(parseObjective('price:'))).toBe("objective 'price:': write coverage, folios or price:N");
});
