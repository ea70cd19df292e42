import type { Geometry } from '../../core/memory/geometry.ts';
import { formatOrder, type Order } from '../../core/memory/order.ts';
import type { SizeWord, ThpSettings } from '../../core/rules/thp-settings.ts';

/** "16K-1M always, 2M inherit"; sizes that are never are left out. */
export function sizeWords({ sizes }: ThpSettings, geometry: Geometry): string {
  const runs: { first: Order; last: Order; word: SizeWord }[] = [];
  for (const [order, word] of [...sizes].sort(([a], [b]) => a - b)) {
    const run = runs.at(-1);
    if (word === 'never') continue;
    if (run?.word === word && run.last === order - 1) run.last = order;
    else runs.push({ first: order, last: order, word });
  }
  const size = (order: Order) => formatOrder(order, geometry);
  const text = runs.map(({ first, last, word }) =>
    first === last ? `${size(first)} ${word}` : `${size(first)}-${size(last)} ${word}`,
  );
  return text.join(', ') || 'none';
}
