import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  chooseOptOuts,
  growthWith,
  largerGrowth,
  type ServiceStake,
} from '../../src/analysis/services/opt-outs.ts';

/** Small hosts; shares are by memory, as parts of the budget. */
const hosts = (growsAtRestart: boolean) =>
  fc
    .record({
      budget: fc.nat(200),
      services: fc.array(
        fc.record({
          memory: fc.integer({ min: 1, max: 100 }),
          saved: fc.nat(1000),
          now: fc.nat(100),
          restart: growsAtRestart ? fc.nat(100) : fc.constant(0),
          stays: fc.double({ min: 0, max: 1, noNaN: true }),
          canOptOut: fc.boolean(),
          hasNoRoom: fc.nat(9).map((n) => n === 0),
        }),
        { maxLength: 9 },
      ),
    })
    .map(({ budget, services }) => {
      const memory = services.reduce((sum, each) => sum + each.memory, 0);
      const stakes = services.map(
        (each): ServiceStake => ({
          savedEntries: each.saved,
          growth: { now: each.now, restart: each.restart },
          growthWithout: { now: 0, restart: Math.floor(each.restart * each.stays) },
          sharePages: (budget * each.memory) / memory,
          canOptOut: each.canOptOut,
          hasNoRoom: each.hasNoRoom,
        }),
      );
      return { budget, stakes };
    });

/** All choices that keep the budget: every one that has no room opts out, nobody does who cannot. */
function* allChoices(stakes: readonly ServiceStake[], budget: number): Generator<Set<number>> {
  for (let mask = 0; mask < 1 << stakes.length; mask++) {
    const out = new Set([...stakes.keys()].filter((at) => (mask >> at) & 1));
    const allowed = stakes.every(({ canOptOut, hasNoRoom, growth, sharePages }, at) => {
      if (hasNoRoom) return out.has(at);
      return !out.has(at) || (canOptOut && largerGrowth(growth) > sharePages);
    });
    if (allowed && stakes.every(({ canOptOut }, at) => canOptOut || !out.has(at)))
      if (largerGrowth(growthWith(stakes, out)) <= budget) yield out;
  }
}

const lost = (stakes: readonly ServiceStake[], out: ReadonlySet<number>) =>
  [...out].reduce((sum, at) => sum + stakes[at].savedEntries, 0);

describe('who opts out', () => {
  test('keeps every budget that any choice keeps, and no other is kept', () => {
    fc.assert(
      fc.property(hosts(true), ({ budget, stakes }) => {
        const choices = [...allChoices(stakes, budget)];
        const out = chooseOptOuts(stakes, budget);
        expect(out !== undefined).toBe(choices.length > 0);
        if (!out) return;
        const chosen = [...out].sort();
        expect(choices.map((each) => [...each].sort())).toContainEqual(chosen);
      }),
    );
  });

  test('loses at the most what one service saves against the best of all choices', () => {
    fc.assert(
      fc.property(hosts(false), ({ budget, stakes }) => {
        const out = chooseOptOuts(stakes, budget);
        if (!out) return;
        const best = Math.min(...[...allChoices(stakes, budget)].map((each) => lost(stakes, each)));
        const most = Math.max(0, ...stakes.map(({ savedEntries }) => savedEntries));
        expect(lost(stakes, out)).toBeLessThanOrEqual(best + most);
        // Nobody who opted out could come back alone.
        for (const at of out) {
          const without = new Set(out);
          without.delete(at);
          if (!stakes[at].hasNoRoom)
            expect(largerGrowth(growthWith(stakes, without))).toBeGreaterThan(budget);
        }
      }),
    );
  });

  test('a host within its budget has no exceptions but those without room', () => {
    fc.assert(
      fc.property(hosts(true), ({ stakes }) => {
        const roomy = stakes.map((each) => ({ ...each, hasNoRoom: false }));
        expect(chooseOptOuts(roomy, Number.POSITIVE_INFINITY)).toEqual(new Set());
      }),
    );
  });

  test('who grows most for the fewest entries goes first', () => {
    const stake = (savedEntries: number, now: number): ServiceStake => ({
      savedEntries,
      growth: { now, restart: 0 },
      growthWithout: { now: 0, restart: 0 },
      sharePages: 10,
      canOptOut: true,
      hasNoRoom: false,
    });
    expect(chooseOptOuts([stake(1000, 100), stake(50, 90), stake(5, 2)], 110)).toEqual(new Set([1]));
  });
});
