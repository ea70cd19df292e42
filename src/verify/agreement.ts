import type { Geometry } from '../core/memory/geometry.ts';
import { emptyOccupancy, setPages } from '../core/memory/occupancy.ts';
import { type AlgorithmRun, windowOf } from './algorithm-run.ts';
import type { Relation } from './relation.ts';

/** Whether two runs on the same case agree. */
export function agree(relation: Relation, a: AlgorithmRun, b: AlgorithmRun, geometry: Geometry): boolean {
  switch (relation) {
    case 'attempts':
      return a.result === b.result && sameNumbers(a.windows, b.windows);
    case 'windows':
      return sameNumbers(a.windows, b.windows) || sameNumbers(sorted(a.windows), sorted(b.windows));
    case 'collapses':
      return sameNumbers(a.windows, b.windows) || sameNumbers(sorted(collapsed(a)), sorted(collapsed(b)));
    case 'coverage':
      return sameNumbers(a.windows, b.windows) || sameNumbers(covered(a, geometry), covered(b, geometry));
    case 'result':
      return a.result === b.result;
  }
}

/** The windows that a run collapsed. */
export function collapsed({ windows, results }: AlgorithmRun): number[] {
  return windows.filter((_, i) => results[i] === 'SCAN_SUCCEED');
}

function covered(run: AlgorithmRun, geometry: Geometry): Uint32Array {
  const pages = emptyOccupancy(geometry);
  for (const code of collapsed(run)) {
    const { offset, order } = windowOf(code);
    setPages(pages, offset, 1 << order);
  }
  return pages;
}

function sorted(numbers: readonly number[]): number[] {
  return [...numbers].sort((a, b) => a - b);
}

function sameNumbers(a: ArrayLike<number>, b: ArrayLike<number>): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
