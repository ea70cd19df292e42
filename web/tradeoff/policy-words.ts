import type { SweptPolicy } from '../../src/analysis/sweep/sweep.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { sizesLine } from '../../src/render/words/sizes.ts';

/** "16K-256K, 2M madvise": the sizes of a policy, and whether only advised memory gets them. */
export function policySizesLine({ orders, enabled }: Omit<SweptPolicy, 'model'>, geometry: Geometry): string {
  return `${sizesLine(orders, geometry)}${enabled === 'madvise' && orders !== 0 ? ' madvise' : ''}`;
}

/** "2M, max_ptes_none 511". */
export function policyLine(policy: Omit<SweptPolicy, 'model'>, geometry: Geometry): string {
  return `${policySizesLine(policy, geometry)}, max_ptes_none ${policy.maxPtesNone}`;
}
