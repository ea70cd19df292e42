import { sum } from '../../../core/base/sum.ts';
import { formatSize } from '../../../core/memory/format-size.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../../core/memory/order.ts';

/** A named line of a summary. */
export function field(name: string, value: string): string {
  return `  ${name.padEnd(13)} ${value}`;
}

/** Memory by the order of its folios. Pages are base pages. */
interface SizedPages {
  readonly pagesByOrder: readonly number[];
  /** Those that PMD entries map. */
  readonly pmdMappedPages: number;
  /** Those in use: all but the filled ones, which were empty before they became huge. */
  readonly inUsePages: number;
  readonly filledPages: number;
}

/** "512M of 1G in use (50%), and 3M filled: 503M in 2M, 12M in 64K", or "nothing". */
export function bySizeLine(
  { pagesByOrder, pmdMappedPages, inUsePages, filledPages }: SizedPages,
  geometry: Geometry,
): string {
  const huge = sum(pagesByOrder.slice(1)) - filledPages;
  if (huge + filledPages === 0) return 'nothing';
  const sizes = pagesByOrder
    .map((pages, order) => ({ order, pages }))
    .filter(({ order, pages }) => order > 0 && pages > 0)
    .map(({ order, pages }) => `${formatSize(pages, geometry)} in ${formatOrder(asOrder(order), geometry)}`)
    .toReversed();
  const byPtes = pagesByOrder[geometry.pmdOrder] - pmdMappedPages;
  const partly = byPtes > 0 ? ` (${formatSize(byPtes, geometry)} of it by single PTEs)` : '';
  const filled = filledPages > 0 ? `, and ${formatSize(filledPages, geometry)} filled` : '';
  return `${formatSize(huge, geometry)} of ${formatSize(inUsePages, geometry)} in use (${wholePercent(huge, inUsePages)})${filled}: ${[sizes[0] + partly, ...sizes.slice(1)].join(', ')}`;
}

/** Never rounds to all or to nothing what is less or more. */
function wholePercent(part: number, whole: number): string {
  if (part === whole) return '100%';
  if (part === 0) return '0%';
  return `${Math.min(99, Math.max(1, Math.round((100 * part) / whole)))}%`;
}
