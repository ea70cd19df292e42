import { formatBytes, parseBytes } from '../../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import {
  type Geometry,
  geometryOfPageShift,
  geometryOfPmdOrder,
  MAX_PMD_ORDER,
  MIN_PMD_ORDER,
  pmdOrdersOfPageShift,
  rangeBytes,
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
  if (pmdOrdersOfPageShift(pageShift).length === 0)
    return fail('usage', `--page-size ${pageSize}: write 4K, 16K or 64K`);
  return succeed(pmdOrder === undefined ? geometryOfPageShift(pageShift) : { pageShift, pmdOrder });
}

/**
 * What to know of a page size and a PMD order that no machine has together; undefined where there is nothing.
 * PMD orders alone are taken as they are: small ones are tried exhaustively.
 */
export function geometryNote({ pageSize, pmdOrder }: GeometryFlags): string | undefined {
  const geometry = geometryFromFlags({ pageSize, pmdOrder });
  if (!geometry.ok || pageSize === undefined || pmdOrder === undefined) return undefined;
  const orders = pmdOrdersOfPageShift(geometry.value.pageShift);
  if (orders.includes(pmdOrder)) return undefined;
  const range = formatBytes(rangeBytes(geometry.value));
  return `no machine has PMD ranges of ${range} with pages of ${pageSize}: their PMD order is ${orders.join(' or ')}`;
}
