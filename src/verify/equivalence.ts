import type { Contender } from './contender.ts';
import { DIFFERENCE, type Question } from './examination.ts';
import { agree, type Relation } from './relation.ts';

/** Whether two contenders agree, in what the relation names, on every case. */
export function equivalence(a: Contender, b: Contender, relation: Relation): Question {
  return {
    contenders: [a, b],
    observed: false,
    judge: ([ofA, ofB], { range }) => (agree(relation, ofA, ofB, range.geometry) ? [] : [DIFFERENCE]),
  };
}
