import { formatRun, numberRuns, runsOf } from '../../core/base/run-list.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { formatOrder, type Order, type OrderSet, ordersOf } from '../../core/memory/order.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';

/** "16K-256K, 2M": the sizes of orders; "no size" for none. */
export function sizesLine(orders: OrderSet, geometry: Geometry): string {
  const runs = numberRuns(ordersOf(orders)).map((run) =>
    formatRun(run, (order) => formatOrder(order, geometry)),
  );
  return runs.join(', ') || 'no size';
}

/** "16K-1M always, 2M inherit": the words of sizes; sizes that are never are left out. */
export function sizeSettingsLine({ sizes }: ThpSettings, geometry: Geometry): string {
  const enabled = [...sizes].filter(([, word]) => word !== 'never').sort(([a], [b]) => a - b);
  const runs = runsOf(enabled, ([last, word], [next, nextWord]) => next === last + 1 && nextWord === word);
  const size = (order: Order) => formatOrder(order, geometry);
  const parts = runs.map(
    ({ first: [first, word], last: [last] }) => `${formatRun({ first, last }, size)} ${word}`,
  );
  return parts.join(', ') || 'none';
}

/** "enabled madvise, sizes: 2M inherit; max_ptes_none 511". */
export function settingsWords(settings: ThpSettings, geometry: Geometry): string {
  const { enabled, maxPtesNone } = settings;
  return `enabled ${enabled}, sizes: ${sizeSettingsLine(settings, geometry)}; max_ptes_none ${maxPtesNone}`;
}
