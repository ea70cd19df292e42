import { expect, test } from 'vitest';
import type { Window } from '../../../src/core/memory/order.ts';
import { algorithmOf, type SearchMachine } from '../../../src/core/search/machine.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { EVERY_RESULT } from '../../../src/verify/cases/stages.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { checkedMachine } from '../../../src/verify/proof/checked-machine.ts';
import { EqualityProofRun } from '../../../src/verify/proof/equality-proof.ts';
import { movesOf } from '../../../src/verify/proof/moves.ts';

const ofWalk = walk.machine as SearchMachine<Window | undefined>;

/** What comes of a proof that the walk equals a machine of somebody else, which is the walk but for this. */
function proofWith(changes: object, pmdOrder = 3) {
  const checked = checkedMachine('my', { ...ofWalk, ...changes } as SearchMachine);
  const other = algorithmOf('my', checked);
  const machines = [walk.machine, other.machine] as const;
  const moves = movesOf(machines, EVERY_RESULT);
  const run = new EqualityProofRun(
    [checkedAlgorithmOf(walk), checkedAlgorithmOf(other)],
    machines,
    [pmdOrder],
    moves,
  );
  for (const _ of run.run());
  return run.result();
}

test('a machine that is one is proved', () => {
  expect(proofWith({})).toMatchObject({ proved: true, stopped: undefined });
});

let calls = 0;
test.each([
  ['throws', { next: () => [].at(0)?.['x'] ?? JSON.parse('{') }, /my: next throws SyntaxError/],
  ['keeps state of its own', { next: () => ({ offset: 0, order: calls++ % 3 }) }, /not give the same twice/],
  ['has states that are not plain', { start: () => new Map() }, /a Map in it; states are plain values/],
  ['hides functions in a state', { start: () => ({ offset: 0, order: 3, f: () => 1 }) }, /a function in it/],
  [
    'gives no window',
    { window: () => ({ offset: 0.5, order: 2 }) },
    /window gives 0.5:2, which is no window/,
  ],
  ['changes a state', { next: (state: { offset: number }) => state.offset++ }, /read only property/],
] as const)('a machine that %s is told so, and nothing is proved', (_, changes, message) => {
  const { proved, stopped, found } = proofWith(changes);
  expect({ proved, found }).toEqual({ proved: false, found: undefined });
  expect(stopped).toMatch(message);
});

test('an action that is none is refused before anything is run', () => {
  expect(() => proofWith({ action: () => 'on' })).toThrow(/must be next-order, next-offset or stop/);
});

test('a machine that remembers every answer has too many states, which is said', () => {
  const remembering = {
    start: (setting: never) => ({ at: ofWalk.start(setting), past: '' }),
    window: ({ at }: { at: Window | undefined }) => at,
    next({ at, past }: { at: Window; past: string }, answer: 'stop', setting: never) {
      return { at: ofWalk.next(at, answer, setting), past: past + answer };
    },
  };
  expect(proofWith(remembering)).toMatchObject({ proved: true });
  const { proved, stopped } = proofWith(remembering, 9);
  expect(proved).toBe(false);
  expect(stopped).toMatch(/^more than 100,000 states for a set of orders at PMD order 9$/);
});
