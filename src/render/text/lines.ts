import { sum } from '../../core/base/sum.ts';
import { formatSize } from '../../core/memory/format-size.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../core/memory/order.ts';

/** A named line of a summary. */
export function field(name: string, value: string): string {
  return `  ${name.padEnd(13)} ${value}`;
}

/** "512M of 1G (50%): 500M in 2M, 12M in 64K", or "nothing". */
export function bySizeLine(
  pagesByOrder: readonly number[],
  pmdMapped: number,
  resident: number,
  geometry: Geometry,
): string {
  const huge = sum(pagesByOrder.slice(1));
  if (huge === 0) return 'nothing';
  const sizes = pagesByOrder
    .map((pages, order) => ({ order, pages }))
    .filter(({ order, pages }) => order > 0 && pages > 0)
    .map(({ order, pages }) => `${formatSize(pages, geometry)} in ${formatOrder(asOrder(order), geometry)}`)
    .toReversed();
  const byPtes = pagesByOrder[geometry.pmdOrder] - pmdMapped;
  const partly = byPtes > 0 ? ` (${formatSize(byPtes, geometry)} of it by single PTEs)` : '';
  return `${formatSize(huge, geometry)} of ${formatSize(resident, geometry)} (${wholePercent(huge, resident)}): ${[sizes[0] + partly, ...sizes.slice(1)].join(', ')}`;
}

/** Never rounds to all or to nothing what is less or more. */
function wholePercent(part: number, whole: number): string {
  if (part === whole) return '100%';
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))}%`;
}
