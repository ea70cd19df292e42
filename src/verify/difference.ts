import type { Geometry } from '../core/memory/geometry.ts';
import { agree } from './agreement.ts';
import type { AlgorithmRun } from './algorithm-run.ts';
import type { Relation } from './relation.ts';

/** In what two runs on the same case differ; the second algorithm is held against the first. */
export const DIFFERENCES = {
  missing: 'an attempt is left out',
  extra: 'an attempt is added',
  order: 'the same windows are attempted in another order',
  collapses: 'other windows collapse',
  coverage: 'other pages are covered',
  result: 'another result is returned',
} as const;

export type DifferenceName = keyof typeof DIFFERENCES;

/** All that is different, of what the relation asks for. */
export function differencesOf(
  relation: Relation,
  a: AlgorithmRun,
  b: AlgorithmRun,
  geometry: Geometry,
): DifferenceName[] {
  if (agree(relation, a, b, geometry)) return [];
  switch (relation) {
    case 'collapses':
    case 'coverage':
    case 'result':
      return [relation];
    case 'windows':
      return differentWindows(a, b);
    case 'attempts':
      return [
        ...differentWindows(a, b),
        ...(agree('windows', a, b, geometry) && !sameOrder(a, b) ? (['order'] as const) : []),
        ...(agree('collapses', a, b, geometry) ? [] : (['collapses'] as const)),
        ...(agree('result', a, b, geometry) ? [] : (['result'] as const)),
      ];
  }
}

/**
 * How the last attempt ended that both runs made alike, which is what leads them apart; the start if there is
 * none.
 */
export function partedAfter(a: AlgorithmRun, b: AlgorithmRun): string {
  let same = 0;
  while (same < a.windows.length && a.windows[same] === b.windows[same]) same++;
  return a.results[same - 1] ?? 'the start';
}

function differentWindows(a: AlgorithmRun, b: AlgorithmRun): DifferenceName[] {
  return [
    ...(attemptsMore(a, b) ? (['missing'] as const) : []),
    ...(attemptsMore(b, a) ? (['extra'] as const) : []),
  ];
}

/** Whether a run makes an attempt that another does not make, or makes more often. */
function attemptsMore(a: AlgorithmRun, b: AlgorithmRun): boolean {
  const left = new Map<number, number>();
  for (const code of b.windows) left.set(code, (left.get(code) ?? 0) + 1);
  for (const code of a.windows) {
    const count = left.get(code) ?? 0;
    if (count === 0) return true;
    left.set(code, count - 1);
  }
  return false;
}

function sameOrder(a: AlgorithmRun, b: AlgorithmRun): boolean {
  return a.windows.every((code, i) => code === b.windows[i]);
}
