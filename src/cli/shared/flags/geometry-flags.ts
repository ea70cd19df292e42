import { parseBytes } from '../../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import {
  type Geometry,
  geometryOfPageShift,
  geometryOfPmdOrder,
  MAX_PAGE_SHIFT,
  MAX_PMD_ORDER,
  MIN_PAGE_SHIFT,
  MIN_PMD_ORDER,
} from '../../../core/memory/geometry.ts';
import type { GeometryFlags } from './source-flags.ts';

/**
 * The geometry of made-up memory: 4K pages and PMD order 9 where nothing is said, and what goes with the
 * other where one is (docs/khugepaged.md#geometry).
 */
export function geometryFromFlags({ pageSize, pmdOrder }: GeometryFlags): Result<Geometry> {
  if (pmdOrder !== undefined && (pmdOrder < MIN_PMD_ORDER || pmdOrder > MAX_PMD_ORDER)) {
    return fail(
      'usage',
      `--pmd-order ${pmdOrder}: thpscope knows PMD orders ${MIN_PMD_ORDER} to ${MAX_PMD_ORDER}`,
    );
  }
  if (pageSize === undefined) return succeed(geometryOfPmdOrder(pmdOrder ?? 9));
  const pageShift = Math.log2(parseBytes(pageSize) ?? 0);
  if (!Number.isInteger(pageShift) || pageShift < MIN_PAGE_SHIFT || pageShift > MAX_PAGE_SHIFT)
    return fail('usage', `--page-size ${pageSize}: write 4K, 16K or 64K`);
  return succeed(pmdOrder === undefined ? geometryOfPageShift(pageShift) : { pageShift, pmdOrder });
}
