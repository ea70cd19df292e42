import type { FaultRule } from '../../core/fault/fault.ts';
import { historyText, type PageAct, playHistory } from '../../core/fault/history.ts';
import { VmaPages } from '../../core/fault/vma-pages.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder, MIN_ANON_ORDER, NO_ORDERS, type Order, type OrderSet } from '../../core/memory/order.ts';
import type { PageSpan } from '../../core/memory/page-span.ts';
import type { SizeWord, TopLevelWord } from '../../core/rules/settings-words.ts';
import { defaultSettings, enabledOrders } from '../../core/rules/thp-settings.ts';

/**
 * A program that touches one VMA of the guest and gives pages back, under settings that do not change
 * meanwhile.
 */
export interface FaultHistory {
  readonly geometry: Geometry;
  readonly enabled: TopLevelWord;
  readonly sizes: ReadonlyMap<Order, SizeWord>;
  readonly advice: 'hugepage' | 'nohugepage' | undefined;
  readonly hugeZeroPage: boolean;
  readonly vma: PageSpan;
  readonly acts: readonly PageAct[];
}

/** The line that asks the probe (kernel-lab/README.md). */
export function historyLine(history: FaultHistory): string {
  const { geometry, enabled, sizes, advice, hugeZeroPage, vma, acts } = history;
  const orders = Array.from({ length: geometry.pmdOrder - 1 }, (_, i) => asOrder(MIN_ANON_ORDER + i));
  const letters = orders.map((order) => (sizes.get(order) ?? 'never')[0]).join('');
  const where = `${hugeZeroPage ? 1 : 0} ${vma.start} ${vma.end}`;
  return `${enabled[0]} ${letters} ${advice?.[0] ?? '-'} ${where} ${historyText(acts)}`;
}

/** Orders that page faults may use. */
function ordersOfHistory({ geometry, enabled, sizes, advice }: FaultHistory): OrderSet {
  if (advice === 'nohugepage') return NO_ORDERS;
  const settings = { ...defaultSettings(geometry), enabled, sizes };
  return enabledOrders(settings, advice === 'hugepage', geometry);
}

/** What the model expects the probe to answer; another `rule` is for tests. */
export function expectHistory(history: FaultHistory, rule?: FaultRule): string {
  const { geometry, vma, hugeZeroPage, acts } = history;
  const policy = { orders: ordersOfHistory(history), hugeZeroPage };
  const pages = new VmaPages(geometry, vma, policy, rule);
  playHistory(pages, acts);
  const runs: string[] = [];
  for (let page = vma.start, end: number; page < vma.end; page = end) {
    const mapping = mappingText(pages, page);
    for (end = page + 1; end < vma.end && mappingText(pages, end) === mapping; end++);
    if (mapping !== '') runs.push(` ${mapping[0]}${page}-${end - 1}${mapping.slice(1)}`);
  }
  return `mapped${runs.join('')}`;
}

/** What a page maps: pages of a run have the same. */
function mappingText(pages: VmaPages, page: number): string {
  switch (pages.pteAt(page)) {
    case 'none':
      return '';
    case 'zero':
      return pages.isHugeZero(page) ? 'Z' : 'z';
    case 'page': {
      const folio = pages.folioAt(page);
      return folio ? `f:${folio.order}@${folio.first}` : 'p';
    }
  }
}
