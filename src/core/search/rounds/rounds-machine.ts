import { asOffset, asOrder, highestOrder, lowerOrder, naturalOrder, type Order } from '../../memory/order.ts';
import { actionAfter } from '../../rules/scan-result.ts';
import type { SearchSetting } from '../machine.ts';
import type { RangePart, RoundsMachine } from './part.ts';

/**
 * How the proposed rebuild of mm/collapse selects windows. In a part it goes from left to right and takes the
 * largest enabled window that qualifies at each offset. It steps over a window that it hands over for an
 * attempt, as if that had succeeded already; the region of one that failed is a part for the next round, of
 * lower orders, or of the same with reclaim.
 * Source: docs/khugepaged.md#rounds-selection, docs/khugepaged.md#rounds-results.
 */
export const ROUNDS_MACHINE: RoundsMachine = {
  start(setting, start, end) {
    const root = highestOrder(setting.orders);
    return root === undefined ? undefined : partFrom(start, end, root, false, setting);
  },

  after(part, attempted, setting) {
    const { offset, order, end, largest, reclaim } = part;
    const lower = attempted ? undefined : lowerOrder(setting.orders, order);
    if (lower !== undefined) return { offset, order: lower, end, largest, reclaim };
    return partFrom(offset + (1 << order), end, largest, reclaim, setting);
  },

  retry({ offset, order }, move, setting) {
    const end = offset + (1 << order);
    if (move === 'again') return partFrom(offset, end, order, true, setting);
    const lower = move === 'next-order' ? lowerOrder(setting.orders, order) : undefined;
    return lower === undefined ? undefined : partFrom(offset, end, lower, false, setting);
  },

  action(result, reclaim) {
    // With reclaim the folio is allocated before anything else, so a light miss is then none.
    if (result === 'SCAN_ALLOC_LIGHT_MISS' && !reclaim) return 'again';
    // Two that the walk stops at or does not know.
    const isLower = result === 'SCAN_PAGE_NOT_EXCLUSIVE' || result === 'SCAN_PAGE_DIRTY_OR_WRITEBACK';
    return isLower ? 'next-order' : actionAfter(result);
  },
};

/** The part that begins at an offset, with the largest window there that does not leave it. */
function partFrom(
  from: number,
  end: number,
  largest: Order,
  reclaim: boolean,
  { geometry, orders }: SearchSetting,
): RangePart | undefined {
  for (let start = from; start < end; ) {
    const offset = asOffset(start);
    const natural = asOrder(Math.min(naturalOrder(offset, geometry), largest));
    let order: Order | undefined = natural;
    let smallest = natural;
    for (; order !== undefined && start + (1 << order) > end; order = lowerOrder(orders, order))
      smallest = order;
    if (order !== undefined) return { offset, order, end, largest, reclaim };
    start += 1 << smallest;
  }
  return undefined;
}
