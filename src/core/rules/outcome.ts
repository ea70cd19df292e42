import { fail, type Result, succeed } from '../base/failure.ts';
import { type Geometry, pagesPerRange } from '../memory/geometry.ts';
import {
  asOffset,
  formatOrders,
  hasOrder,
  type Offset,
  type Order,
  type OrderSet,
  ordersOf,
  parseOrders,
} from '../memory/order.ts';
import { type ScanResult, scanResultNamed } from './scan-result.ts';

/** A result decided in advance for the attempts on some windows, such as a failing allocation. */
export interface OutcomeRule {
  /** The only offset that the rule holds for; every offset if undefined. */
  readonly offset: Offset | undefined;
  readonly orders: OrderSet;
  readonly result: ScanResult;
}

/** The result that the last matching rule decides for a window; undefined if none matches. */
export function decidedOutcome(
  rules: readonly OutcomeRule[],
  offset: Offset,
  order: Order,
): ScanResult | undefined {
  return rules.findLast(
    (rule) => hasOrder(rule.orders, order) && (rule.offset === undefined || rule.offset === offset),
  )?.result;
}

/**
 * Reads `[OFFSET:]ORDERS=SCAN_NAME`, for example `7-9=SCAN_ALLOC_HUGE_PAGE_FAIL` or
 * `64:6=SCAN_CGROUP_CHARGE_FAIL`.
 */
export function parseOutcome(text: string, geometry: Geometry): Result<OutcomeRule> {
  const match = /^(?:(\d+):)?([^=:]+)=(\w+)$/.exec(text);
  if (!match)
    return fail('usage', `outcome '${text}': write [OFFSET:]ORDERS=SCAN_NAME, such as 64:6=SCAN_PAGE_COUNT`);
  const orders = parseOrders(match[2], geometry);
  if (!orders.ok) return fail('usage', `outcome '${text}': ${orders.failure.message}`);
  const result = scanResultNamed(match[3]);
  if (!result)
    return fail(
      'usage',
      `outcome '${text}': ${match[3]} is not a result of khugepaged (see docs/results.md)`,
    );
  const offset = match[1] === undefined ? undefined : asOffset(Number(match[1]));
  if (offset !== undefined && offset >= pagesPerRange(geometry)) {
    return fail(
      'usage',
      `outcome '${text}': offset ${offset} is out of range; it is at most ${pagesPerRange(geometry) - 1}`,
    );
  }
  if (offset !== undefined && ordersOf(orders.value).every((order) => offset % (1 << order) !== 0)) {
    return fail('usage', `outcome '${text}': no window of these orders starts at offset ${offset}`);
  }
  return succeed({ offset, orders: orders.value, result });
}

/** A rule as `parseOutcome` reads it: `64:6=SCAN_CGROUP_CHARGE_FAIL`. */
export function formatOutcome({ offset, orders, result }: OutcomeRule): string {
  return `${offset === undefined ? '' : `${offset}:`}${formatOrders(orders)}=${result}`;
}
