import { describe, expect, test } from 'vitest';
import { asOffset, asOrder, type Window } from '../../../src/core/memory/order.ts';
import { algorithmOf, type MachineAlgorithm, type SearchMachine } from '../../../src/core/search/machine.ts';
import { recursive } from '../../../src/core/search/recursive.ts';
import { stack, stackDescend, stackPatch11 } from '../../../src/core/search/stack.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { AlgorithmRun } from '../../../src/verify/algorithm-run.ts';
import { outcomeOfCase, ptesOf } from '../../../src/verify/cases/search-case.ts';
import { EVERY_RESULT } from '../../../src/verify/cases/stages.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { type Move, movesOf } from '../../../src/verify/proof/moves.ts';
import { machineStates } from '../../../src/verify/proof/one-product.ts';
import { PropertyProofRun } from '../../../src/verify/proof/property-proof.ts';
import { brokenProperties } from '../../../src/verify/properties.ts';
import { EXHAUSTIVE, WHOLE } from '../../support/slice.ts';
import { WRONG_MACHINES } from './wrong-machines.ts';

/** A proof, with answers that it forgets. */
function prove(
  algorithm: MachineAlgorithm,
  pmdOrders: readonly number[],
  forgets: (move: Move) => boolean = () => false,
) {
  const { machine } = algorithm;
  const all = movesOf([machine, walk.machine], EVERY_RESULT);
  const kept = (moves: readonly Move[]) => moves.filter((move) => !forgets(move));
  const moves = { disabled: kept(all.disabled), pmdOrder: kept(all.pmdOrder), below: kept(all.below) };
  const checked = checkedAlgorithmOf(algorithm);
  const run = new PropertyProofRun(checked, machineStates(machine, moves), pmdOrders, EVERY_RESULT);
  for (const _ of run.run());
  const result = run.result();
  const ofCase = new AlgorithmRun(checked);
  if (result.found) ofCase.run(result.found, outcomeOfCase(result.found), true);
  const shown = result.found && (ofCase.fault ? ['fault'] : brokenProperties(ofCase, result.found));
  return { ...result, shown };
}

describe('walk, stack and recursion keep every property', () => {
  // One state a window, and one for the end, over all sets of orders: the past is a function of the window.
  test.each([
    [5, 16, 172, 15],
    [9, 256, 43_692, 255],
    [11, 1024, 699_052, 1023],
    ...(WHOLE ? [[13, 4096, 11_184_812, 4095] as const] : []),
  ] as const)(
    'at PMD order %i: %i sets of orders, %i states, at most %i visits and attempts',
    (pmdOrder, sets, states, most) => {
      for (const each of pmdOrder > 9 ? [stack] : [walk, stack, recursive]) {
        const { proved, gone } = prove(each, [pmdOrder]);
        expect(proved).toBe(true);
        const visits = { most, orders: 1 << 2, reached: true };
        const attempts = { most, orders: (2 << pmdOrder) - 4, reached: true };
        expect(gone).toMatchObject([{ pmdOrder, sets, states, visits, attempts }]);
        if (each === stack) expect(gone[0].stack).toMatchObject({ most: pmdOrder - 1, reached: true });
        else expect(gone[0].stack).toBeUndefined();
      }
    },
    EXHAUSTIVE,
  );
});

const ofWalk = walk.machine as SearchMachine<Window | undefined>;

/** The right half of a range before the left one, each by the walk: out of order, and nothing is wrong. */
const rightFirst = algorithmOf<{ at: Window; phase: 'all' | 'right' | 'left' } | undefined>('right-first', {
  start: (setting) => ({ at: ofWalk.start(setting) as Window, phase: 'all' }),
  window: (state) => state?.at,
  next(state, answer, setting) {
    if (!state || answer === 'stop') return undefined;
    const { at, phase } = state;
    const half = asOrder(setting.geometry.pmdOrder - 1);
    const middle = 1 << half;
    const next = ofWalk.next(at, answer, setting);
    if (phase === 'all')
      return next && { at: { offset: asOffset(middle), order: half }, phase: 'right' as const };
    if (phase === 'right' && !next)
      return { at: { offset: asOffset(0), order: half }, phase: 'left' as const };
    return next && (phase === 'right' || next.offset < middle) ? { at: next, phase } : undefined;
  },
});

test('a search in another order is proved too', () => {
  expect(prove(rightFirst, [3, 5, 9])).toMatchObject({ proved: true, found: undefined });
});

/** The walk, which attempts a window that has too few pages. */
const optimistic = algorithmOf<Window | undefined>('optimistic', { ...ofWalk, attempts: () => true });

/** The walk, which leaves out the PMD order if only swapped PTEs make it enough. */
const noSwap = algorithmOf<Window | undefined>('no-swap', {
  ...ofWalk,
  attempts: (fill) => fill === 'enough',
});

/** Smaller windows first where the largest order is disabled. */
const halfTooSoon = algorithmOf<Window | undefined>('half-too-soon', {
  ...ofWalk,
  next(state, answer, setting) {
    const next = ofWalk.next(state, answer, setting);
    const fits = next && next.offset % 8 === 0 && next.order === 3 && (setting.orders & 4) !== 0;
    return fits ? { ...next, order: asOrder(2) } : next;
  },
});

/** The range again, from its beginning. */
const twice = algorithmOf<{ at: Window | undefined; again: boolean }>('twice', {
  start: (setting) => ({ at: ofWalk.start(setting), again: false }),
  window: ({ at }) => at,
  next({ at, again }, answer, setting) {
    const next = ofWalk.next(at, answer, setting);
    if (next || again || answer === 'stop') return { at: next, again };
    return { at: ofWalk.start(setting), again: true };
  },
});

/** After the first window that is done with, one that begins in its middle. */
const misaligned = algorithmOf<Window | undefined>('misaligned', {
  ...ofWalk,
  next(state, answer, setting) {
    const isFirst = state?.offset === 0 && state.order === 2;
    if (isFirst && answer === 'next-offset') return { offset: asOffset(2), order: state.order };
    return ofWalk.next(state, answer, setting);
  },
});

/** With nothing enabled it stays where it is. */
const stays = algorithmOf<Window | undefined>('stays', {
  ...ofWalk,
  next: (state, answer, setting) => (answer === 'disabled' ? state : ofWalk.next(state, answer, setting)),
});

test.each([
  [stackDescend, 'visits', ['visits'], 1],
  [stackPatch11, 'steps-over', ['steps-over'], 1],
  [optimistic, 'qualifying', ['qualifying'], 1],
  [noSwap, 'largest-first', ['largest-first'], undefined],
  [halfTooSoon, 'largest-first', ['largest-first'], undefined, 4],
  [twice, 'attempted-once', ['attempted-once'], 1],
  [misaligned, 'attempt', ['fault'], undefined],
  [stays, 'ends', ['fault'], 1],
] as [MachineAlgorithm, string, string[], number?, number?][])(
  '$name is refuted by the property that it breaks',
  (wrong, broken, shown, ptes, pmdOrder = 3) => {
    const proof = prove(wrong, [9]);
    expect(proof).toMatchObject({ proved: false, broken: { broken, pmdOrder } });
    expect(proof.shown).toEqual(expect.arrayContaining([...shown]));
    if (ptes) expect(proof.found && ptesOf(proof.found)).toBe(ptes);
  },
);

/** What the machines that differ from the walk break. */
const BREAKS: Record<string, string> = { 'offset-in-byte': 'attempted-once', 'goes-on-after-stop': 'stops' };

test.each(WRONG_MACHINES)(
  '$name too, from the PMD order on where it differs from the walk',
  (wrong, from) => {
    const { proved, broken, found, shown } = prove(wrong, [9]);
    const property = BREAKS[wrong.name] ?? 'largest-first';
    expect(proved).toBe(false);
    expect(broken).toMatchObject({ broken: property, pmdOrder: from });
    expect(found?.range.geometry.pmdOrder).toBeLessThanOrEqual(from);
    expect(shown?.some((name) => name === property || name === 'fault')).toBe(true);
  },
);

test.each([
  ['disabled orders', ({ fill }: Move) => fill === 'disabled'],
  ['too few pages', ({ fill }: Move) => fill === 'too-few'],
  ['results to descend', ({ answers }: Move) => answers[1] === 'next-order'],
  ['results to go on', ({ answers }: Move) => answers[1] === 'next-offset'],
  ['results that end the search', ({ answers }: Move) => answers[1] === 'stop'],
])('a prover that forgets %s would be seen here', (_, forgets) => {
  const refuted = (by: (move: Move) => boolean) =>
    [stackPatch11, twice, ...WRONG_MACHINES.flatMap(([each, from]) => (from < 9 ? [each] : []))].filter(
      (each) => !prove(each, [4], by).proved,
    ).length;
  expect(refuted(forgets)).toBeLessThan(refuted(() => false));
});

test('what remembers every answer has too many states, which is said', () => {
  const remembering = algorithmOf<{ at: Window | undefined; past: string }>('remembering', {
    start: (setting) => ({ at: ofWalk.start(setting), past: '' }),
    window: ({ at }) => at,
    next: ({ at, past }, answer, setting) => ({ at: ofWalk.next(at, answer, setting), past: past + answer }),
  });
  const { proved, found, stopped } = prove(remembering, [9]);
  expect({ proved, found }).toEqual({ proved: false, found: undefined });
  expect(stopped).toBe('more than 100,000 states for a set of orders at PMD order 9');
});
