import { plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../src/core/memory/geometry.ts';
import { hasPage } from '../../src/core/memory/occupancy.ts';
import { asOrder, formatOrder, type Order } from '../../src/core/memory/order.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import type { CollapsePlan } from '../../src/core/plan/plan.ts';
import { refusalLine } from '../../src/render/words/explain/reasons.ts';
import { printable } from '../../src/render/words/printable.ts';
import type { Judgement, RangeDetail } from '../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../memory/open-memory.ts';
import { hugepageOrders } from '../policy/choice.ts';
import { vmaSums } from './lists/row-sums.ts';

interface RangeWords {
  /** Process and VMA. */
  readonly where: string;
  readonly address: string;
  readonly before: string;
  readonly after: string;
  /** What page faults make of it when its process starts again. */
  readonly restarted: string;
}

/** A range in words: from what is known of all ranges, and of this one in detail as soon as that is there. */
export function rangeWords(
  memory: OpenMemory,
  judgement: Judgement | undefined,
  row: number,
  detail: RangeDetail | undefined,
): RangeWords {
  const { geometry } = memory.host;
  const { vma, process } = memory.vmas[memory.vmaOf[row]];
  const { command, pid } = memory.processes[process];
  const address = memory.addresses[row];
  const hex = (value: number) => `0x${value.toString(16)}`;
  const name = vma.name === '' ? 'anonymous memory' : printable(vma.name);
  const used = memory.residentPages[row];
  const main = memory.mainOrders[row];
  return {
    where: `${printable(command)} (${pid}), ${name} ${hex(vma.start)}-${hex(vma.end)}`,
    address: `${hex(address)}-${hex(address + rangeBytes(geometry))}`,
    before: `${used} of ${pagesPerRange(geometry)} pages in use${used > 0 ? `, most in ${folios(main)}` : ''}`,
    after: judgement && row < judgement.rows ? thenWords(judgement, row) : '…',
    restarted: judgement && row < judgement.rows ? restartWords(judgement, row) : '…',
  };

  function folios(order: number): string {
    return order === 0 ? 'small pages' : `folios of ${formatOrder(asOrder(order), geometry)}`;
  }

  function restartWords({ restartOrders, restartGrowthPages }: Judgement, row: number): string {
    const growth = restartGrowthPages[row];
    const grows = growth > 0 ? `, grows by at most ${formatSize(growth, geometry)}` : ', without growth';
    const pages = used + growth;
    if (pages === 0) return 'nothing: no page of it was touched';
    const parts = detail ? partsOf(detail.restarted) : `most in ${folios(restartOrders[row])}`;
    return `page faults leave at most ${plural(pages, 'page')}: ${parts}${grows}`;
  }

  function thenWords({ refusals, reasons, mainOrders, growthPages, choice }: Judgement, row: number): string {
    const code = refusals[row];
    if (code > 0) {
      const orders = hugepageOrders(choice);
      return `stays as it is: ${refusalLine(reasons[code - 1], orders)}`;
    }
    const growth = growthPages[row];
    const grows = growth > 0 ? `, grows by ${formatSize(growth, geometry)}` : ', without growth';
    return `${detail?.plan ? collapsesWords(detail.plan, geometry) : `most in ${folios(mainOrders[row])}`}${grows}`;
  }
}

/** Marked ranges, added up. */
export function markedWords(
  memory: OpenMemory,
  judgement: Judgement | undefined,
  { first, end }: { readonly first: number; readonly end: number },
): string {
  const [sums] = vmaSums(
    { ...memory, vmas: [{ ...memory.vmas[memory.vmaOf[first]], first, end }] },
    judgement,
  );
  const size = (pages: number) => formatSize(pages, memory.host.geometry);
  const marked = `${plural(sums.ranges, 'range')} marked: ${size(sums.residentPages)} in use`;
  if (sums.judged < sums.ranges) return `${marked}; …`;
  const restart = size(Math.max(0, sums.restartGrowthPages));
  return `${marked}; khugepaged +${size(sums.growthPages)}, something collapses in ${sums.collapsing}; a restart at most +${restart}`;
}

/** `1 of 64K, 3 small pages`: what lies in a range. */
function partsOf({ geometry, facts, folioOrders }: RangeState): string {
  const pages = new Map<number, number>();
  for (let page = 0; page < pagesPerRange(geometry); page++) {
    const order = folioOrders?.[page] ?? 0;
    if (hasPage(facts.present, page)) pages.set(order, (pages.get(order) ?? 0) + 1);
  }
  return [...pages]
    .sort(([a], [b]) => b - a)
    .map(([order, count]) =>
      order === 0
        ? plural(count, 'small page')
        : `${count >> order} of ${formatOrder(asOrder(order), geometry)}`,
    )
    .join(', ');
}

/** "collapses to 2 of 16K, 1 of 64K". */
function collapsesWords(plan: CollapsePlan, geometry: Geometry): string {
  const byOrder = new Map<Order, number>();
  // Not by plan.ts, which would load all searches with the map.
  for (const { order, result } of plan.attempts)
    if (result === 'SCAN_SUCCEED') byOrder.set(order, (byOrder.get(order) ?? 0) + 1);
  const parts = [...byOrder]
    .sort(([a], [b]) => b - a)
    .map(([order, count]) => `${count} of ${formatOrder(order, geometry)}`);
  return `collapses to ${parts.join(', ')}`;
}
