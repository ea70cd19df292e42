import { expect, test } from 'vitest';
import type { CollapseAlgorithm } from '../../../src/core/search/algorithm.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { moduleAlgorithm } from '../../../src/verify/module-algorithm.ts';
import { Verification } from '../../../src/verify/verification.ts';

function compareWithWalk(other: CollapseAlgorithm | undefined, pmdOrder = 5) {
  if (!other) throw new Error('no algorithm');
  const algorithms = [walk, other].map((each) => checkedAlgorithmOf(each));
  const asked = { kind: 'equivalence', relation: 'attempts' } as const;
  const made = Verification.of(asked, algorithms, { seed: 5, pmdOrder, mostCases: 3_000 });
  if (!made.ok) throw new Error(made.failure.message);
  for (const _ of made.value.check.run());
  return made.value.report();
}

/** The walk, which leaves a range as soon as so many attempts were made. */
function walkWithin(spend: () => boolean): Omit<CollapseAlgorithm, 'name'> {
  return {
    collapse: (range, policy, attempt) =>
      walk.collapse(range, policy, (batch) => (spend() ? attempt(batch) : ['SCAN_FAIL'])),
  };
}

function budget(most: number) {
  let left = most;
  return () => left-- > 0;
}

test('a budget of attempts over a pass is a difference, with as few ranges before it as show it', () => {
  const search = moduleAlgorithm('budget', { startPass: () => walkWithin(budget(35)) });
  const { findings } = compareWithWalk(search);
  expect(findings.map(({ wrong }) => wrong.kind)).not.toContain('unsteady');
  const [{ case: found, runs }] = findings;
  // A range takes 15 attempts at most, so the budget ends in the third one.
  expect(found.before).toHaveLength(2);
  expect(runs[1].steps.length).toBeLessThan(runs[0].steps.length);
});

test('the same budget beside the pass is no state of it: it does not do the same twice', () => {
  let left = 35;
  const spend = () => {
    if (left-- > 0) return true;
    left = 35;
    return false;
  };
  const search = moduleAlgorithm('budget', walkWithin(spend));
  expect(compareWithWalk(search).findings.map(({ wrong }) => wrong.kind)).toEqual(['unsteady']);
});

test('nor is chance', () => {
  let draws = 0;
  const startPass = () => walkWithin(() => draws++ % 7 !== 0);
  const { findings } = compareWithWalk(moduleAlgorithm('chance', { startPass }));
  expect(findings.map(({ wrong }) => wrong.kind)).toEqual(['unsteady']);
});

test('what one range teaches for the next is shown with one range before', () => {
  const startPass = (): Omit<CollapseAlgorithm, 'name'> => {
    let skips = false;
    return {
      collapse(range, policy, attempt) {
        const orders = (skips ? policy.orders & ~(1 << range.geometry.pmdOrder) : policy.orders) as never;
        return walk.collapse(range, { ...policy, orders }, (batch) => {
          const results = attempt(batch);
          skips = batch[0].order === range.geometry.pmdOrder && results[0] !== 'SCAN_SUCCEED';
          return results;
        });
      },
    };
  };
  const [{ case: found }] = compareWithWalk(moduleAlgorithm('hint', { startPass })).findings;
  expect(found.before).toHaveLength(1);
});

test('a pass that keeps nothing is the walk; without a pass none is tried', () => {
  const { findings, coverage } = compareWithWalk(moduleAlgorithm('fresh', { startPass: () => walk }), 4);
  expect(findings).toEqual([]);
  expect(coverage[0].what).toContain('passes of up to 65');
  const alone = compareWithWalk(moduleAlgorithm('alone', { collapse: walk.collapse }), 4).coverage;
  expect(alone.some(({ what }) => what.includes('passes'))).toBe(false);
});

test('startPass has to give a search', () => {
  const search = moduleAlgorithm('none', { startPass: () => ({}) });
  const { findings } = compareWithWalk(search, 4);
  expect(findings[0].wrong).toMatchObject({ kind: 'fault', fault: 'throws' });
  expect(findings[0].runs[1].fault?.message).toContain('startPass gives no { collapse }');
});
