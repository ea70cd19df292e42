import { NEWEST_MODEL } from '../../core/rules/kernel-release.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';
import { machineOf, type SearchMachine } from '../../core/search/machine.ts';
import { roundsMachineOf } from '../../core/search/rounds/rounds.ts';
import { EVERY_RESULT } from '../cases/stages.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import type { Relation } from '../relation.ts';
import { EqualityProofRun } from './equality-proof.ts';
import { movesOf } from './moves.ts';
import { machineStates } from './one-product.ts';
import { partStates } from './part-states.ts';
import { PropertyProofRun } from './property-proof.ts';
import { SameWindowsRun } from './same-windows.ts';
import type { StateSpace } from './state-space.ts';

/** PMD orders that are gone through unless one is asked for: those that pages of 4K, 16K and 64K make. */
export const PROVED_PMD_ORDERS: readonly number[] = [5, 9, 11, 13];

/** Those of a proof about one algorithm: PMD order 13 takes some forty seconds. */
export const PROVED_OF_ONE: readonly number[] = [5, 9, 11];

/** Those of a proof about parts: PMD order 11 takes minutes. */
const PROVED_OF_PARTS: readonly number[] = [5, 9];

export interface ProofOptions {
  readonly pmdOrders: readonly number[];
  /** How attempts may end; every result, unless it is there. */
  readonly results: readonly ScanResult[] | undefined;
  /** Whether a case is looked for where there is no proof. */
  readonly refutes: boolean;
}

/**
 * Proofs of what a relation asks for, to be run until one of them succeeds; or why there can be none. That
 * the same windows are attempted in the same order answers every relation.
 */
export function equalityProofs(
  algorithms: readonly [CheckedAlgorithm, CheckedAlgorithm],
  relation: Relation,
  options: ProofOptions,
): readonly (EqualityProofRun | SameWindowsRun)[] | string {
  const { pmdOrders, results = EVERY_RESULT, refutes } = options;
  const [a, b] = algorithms;
  const strange = algorithms.find(({ algorithm }) => !machineOf(algorithm) && !roundsMachineOf(algorithm));
  if (strange) return `${strange.name} does not show its states`;
  if (a.model !== b.model) return `${a.name} and ${b.name} judge windows by rules of their own`;
  const [ofA, ofB] = [machineOf(a.algorithm), machineOf(b.algorithm)];
  const machines = ofA && ofB ? ([ofA, ofB] as const) : undefined;
  const inOrder = machines
    ? [new EqualityProofRun(algorithms, machines, pmdOrders, movesOf(machines, results), refutes)]
    : [];
  if (relation === 'attempts' || relation === 'result') {
    return machines
      ? inOrder
      : 'of a search in rounds it is proved which windows it attempts (--relation windows), not their order';
  }
  const usual = algorithms.some(({ algorithm }) => roundsMachineOf(algorithm))
    ? PROVED_OF_PARTS
    : PROVED_OF_ONE;
  const fewer = { ...options, pmdOrders: feasibleOf(pmdOrders, usual) };
  const ofEach = algorithms.map((each) => propertyProof(each, fewer));
  const runs = ofEach.filter((run) => typeof run !== 'string');
  return runs.length < ofEach.length ? inOrder : [...inOrder, new SameWindowsRun(algorithms, runs, results)];
}

/** A single PMD order is what was asked for; of several those are kept that end soon. */
function feasibleOf(pmdOrders: readonly number[], usual: readonly number[]): readonly number[] {
  return pmdOrders.length === 1 ? pmdOrders : pmdOrders.filter((each) => usual.includes(each));
}

/** A proof of what one algorithm keeps to, to be run, or why there can be none. */
export function propertyProof(
  checked: CheckedAlgorithm,
  { pmdOrders, results = EVERY_RESULT }: ProofOptions,
): PropertyProofRun | string {
  const space = spaceOf(checked, results);
  if (!space) return `${checked.name} does not show its states`;
  if (checked.model !== NEWEST_MODEL) return `${checked.name} judges windows by rules of its own`;
  const feasible = space.of === 'parts' ? feasibleOf(pmdOrders, PROVED_OF_PARTS) : pmdOrders;
  return new PropertyProofRun(checked, space, feasible, results);
}

/** Linux, which has no answers of its own. */
const LINUX: SearchMachine = { start: () => 0, window: () => undefined, next: () => 0 };

function spaceOf({ algorithm }: CheckedAlgorithm, results: readonly ScanResult[]): StateSpace | undefined {
  const inRounds = roundsMachineOf(algorithm);
  if (inRounds) return partStates(inRounds, results);
  const machine = machineOf(algorithm);
  return machine && machineStates(machine, movesOf([machine, LINUX], results));
}
