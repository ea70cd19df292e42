import { countPages } from '../../../src/core/memory/occupancy.ts';
import type { Shape } from '../../../src/verify/cases/search-case.ts';

/** PTEs of a case that hold anything. */
export function ptesOf({ range }: Shape): number {
  return countPages(range.occupied) + range.unmapped;
}
