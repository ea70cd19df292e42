import { describe, expect, test } from 'vitest';
import { algorithmOf, type MachineAlgorithm } from '../../../src/core/search/machine.ts';
import { recursive } from '../../../src/core/search/recursive.ts';
import { stack, stackDescend, stackPatch11 } from '../../../src/core/search/stack.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { spacesToCompare } from '../../../src/verify/cases/small-cases.ts';
import { EVERY_RESULT } from '../../../src/verify/cases/stages.ts';
import { checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { equivalence } from '../../../src/verify/equivalence.ts';
import { type EqualityProof, EqualityProofRun } from '../../../src/verify/proof/equality-proof.ts';
import { type Move, type Moves, movesOf } from '../../../src/verify/proof/moves.ts';
import { EXHAUSTIVE, WHOLE } from '../../support/slice.ts';
import { ptesOf } from '../../support/verify/ptes-of.ts';
import { examined } from '../algorithms.ts';
import { WRONG_MACHINES } from './wrong-machines.ts';

type Prover = (a: MachineAlgorithm, b: MachineAlgorithm, pmdOrders: readonly number[]) => EqualityProof;

/** The prover, with answers that it forgets. */
function proverWithout(forgets: (move: Move) => boolean): Prover {
  return (a, b, pmdOrders) => {
    const machines = [a.machine, b.machine] as const;
    const all = movesOf(machines, EVERY_RESULT);
    const kept = (moves: readonly Move[]) => moves.filter((move) => !forgets(move));
    const moves: Moves = {
      disabled: kept(all.disabled),
      pmdOrder: kept(all.pmdOrder),
      below: kept(all.below),
    };
    const run = new EqualityProofRun(
      [checkedAlgorithmOf(a), checkedAlgorithmOf(b)],
      machines,
      pmdOrders,
      moves,
    );
    for (const _ of run.run());
    return run.result();
  };
}

const prove = proverWithout(() => false);

describe('walk, stack and recursion visit the same windows', () => {
  // One state a window, and one for the end, over all sets of orders.
  test.each([
    [5, 16, 172],
    [9, 256, 43_692],
    [11, 1024, 699_052],
    ...(WHOLE ? [[13, 4096, 11_184_812] as const] : []),
  ] as const)(
    'at PMD order %i: %i sets of orders, %i states',
    (pmdOrder, sets, states) => {
      for (const other of pmdOrder > 11 ? [stack] : [stack, recursive]) {
        const proof = prove(walk, other, [pmdOrder]);
        expect(proof).toMatchObject({ proved: true, sameness: 'visits', gone: [{ pmdOrder, sets, states }] });
      }
    },
    EXHAUSTIVE,
  );

  test('stack-descend the same windows of enabled orders', () => {
    expect(prove(walk, stackDescend, [5, 9])).toMatchObject({ proved: true, sameness: 'windows' });
  });

  test('stack-patch11 does not, and a range shows it', () => {
    const { proved, found } = prove(walk, stackPatch11, [9]);
    expect(proved).toBe(false);
    expect(found?.smallest).toBe(true);
    expect(found && ptesOf(found.case)).toBe(1);
  });
});

test.each(WRONG_MACHINES)('$name is refuted by a range as small as one that cases find', (wrong, from) => {
  if (from > 3) expect(prove(walk, wrong, [from - 1]).proved).toBe(true);
  const { proved, parting, found } = prove(walk, wrong, [9]);
  expect(proved).toBe(false);
  expect(parting?.pmdOrder).toBe(from);
  expect(found).toMatchObject({ smallest: true, case: { range: { geometry: { pmdOrder: from } } } });
  const ptes = found && ptesOf(found.case);
  // No range that a search meets has fewer; and cases of five results find nothing in lazyfree-stops.
  if (from === 9 || wrong.name === 'lazyfree-stops') return expect(ptes).toBe(1);
  const question = equivalence(checkedAlgorithmOf(walk), checkedAlgorithmOf(wrong), 'attempts');
  const spaces = spacesToCompare().filter(({ pmdOrder }) => pmdOrder <= from);
  expect(ptes).toBe(ptesOf(examined(question, { spaces }).findings[0].case));
});

test('two that come back to where they were alike are not taken for equal', () => {
  const stays = (name: string) => {
    const { machine } = walk;
    return algorithmOf(name, {
      ...machine,
      next: (state, answer, setting) =>
        answer === 'disabled' ? state : machine.next(state, answer, setting),
    });
  };
  const { proved, found, stopped } = prove(stays('one'), stays('other'), [5]);
  expect({ proved, found }).toEqual({ proved: false, found: undefined });
  expect(stopped).toMatch(/come back to a state that they had, at PMD order 5/);
});

/** How many of the wrong machines a prover takes for right. */
const deceived = (prover: Prover) =>
  WRONG_MACHINES.filter(([wrong, from]) => from < 9 && prover(walk, wrong, [from]).proved).map(
    ([{ name }]) => name,
  );

test('the prover takes none of them for right', () => {
  expect(deceived(prove)).toEqual([]);
});

test.each([
  ['accepts everything', () => ({ ...prove(walk, walk, [3]), proved: true })],
  ['forgets disabled orders', proverWithout(({ fill }) => fill === 'disabled')],
  ['forgets too few pages', proverWithout(({ fill }) => fill === 'too-few')],
  ['forgets results to descend', proverWithout(({ answers }) => answers[0] === 'next-order')],
  ['forgets results to go on', proverWithout(({ answers }) => answers[0] === 'next-offset')],
  ['forgets results that end the search', proverWithout(({ answers }) => answers[0] === 'stop')],
] as [string, Prover][])('a prover that %s would be seen here', (_, prover) => {
  expect(deceived(prover)).not.toEqual([]);
});
