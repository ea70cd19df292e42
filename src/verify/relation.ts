/**
 * What two algorithms are asked to agree in. No imports: the command line offers the names, and loads the
 * rest only to run.
 */
export const RELATIONS = {
  attempts: 'the same windows attempted in the same order, and the same result returned',
  windows: 'the same windows attempted, in any order',
  collapses: 'the same windows collapsed, in any order',
  coverage: 'the same pages covered by collapsed windows',
  result: 'the same result returned',
} as const;

export type Relation = keyof typeof RELATIONS;
