import type { Check } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { differencesOf, partedAfter } from './difference.ts';
import type { Relation } from './relation.ts';

/** Whether two algorithms agree, in what the relation names, on every case. */
export function equivalence(a: CheckedAlgorithm, b: CheckedAlgorithm, relation: Relation): Check {
  return {
    algorithms: [a, b],
    observed: false,
    judge: ([ofA, ofB], { range }) =>
      differencesOf(relation, ofA, ofB, range.geometry).map((name) => ({ kind: 'difference', name })),
    cause: ([ofA, ofB]) => partedAfter(ofA, ofB),
  };
}
