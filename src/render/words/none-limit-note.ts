import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder, hasLowerOrder } from '../../core/memory/order.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';

/**
 * A note for when sizes below the PMD size are enabled and count max_ptes_none as 0
 * (collapse_max_ptes_none, docs/khugepaged.md#none-rules).
 */
export function ignoredLimitLine(
  { orders, maxPtesNone, model }: Pick<CollapsePolicy, 'orders' | 'maxPtesNone' | 'model'>,
  geometry: Geometry,
): string | undefined {
  const largest = pagesPerRange(geometry) - 1;
  const pmdOrder = asOrder(geometry.pmdOrder);
  if (model.noneRule !== 'ends' || model.pmdOrderOnly || !hasLowerOrder(orders, pmdOrder)) return undefined;
  if (maxPtesNone === 0 || maxPtesNone === largest) return undefined;
  const size = formatOrder(pmdOrder, geometry);
  return `sizes below ${size} know max_ptes_none 0 and ${largest} only: for them ${maxPtesNone} counts as 0`;
}
