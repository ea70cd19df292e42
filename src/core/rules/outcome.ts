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
  /** The rule holds for the retry whose allocation may reclaim memory, and for nothing else. */
  readonly onRetry?: true;
}

/** The result that the rules decide for an attempt; undefined where they leave it open. */
export function decidedOutcome(
  rules: readonly OutcomeRule[],
  offset: Offset,
  order: Order,
  reclaim = false,
): ScanResult | undefined {
  return decidingRule(rules, offset, order, reclaim)?.result;
}

/**
 * The last rule that matches an attempt, which decides it; undefined if none matches. A rule holds for
 * the first attempt on a window and for its retry with reclaim alike, unless it names one of them: as a light
 * miss does, which is what an allocation without reclaim fails with
 * (docs/khugepaged.md#rounds-results).
 */
export function decidingRule(
  rules: readonly OutcomeRule[],
  offset: Offset,
  order: Order,
  reclaim = false,
): OutcomeRule | undefined {
  return rules.findLast(
    (rule) =>
      hasOrder(rule.orders, order) &&
      (rule.offset === undefined || rule.offset === offset) &&
      (reclaim ? isPossibleOnRetry(rule.result) : rule.onRetry === undefined),
  );
}

/** Whether an attempt that may reclaim memory can end so. */
export function isPossibleOnRetry(result: ScanResult): boolean {
  return result !== 'SCAN_ALLOC_LIGHT_MISS';
}

/**
 * Reads `[OFFSET:]ORDERS[*]=SCAN_NAME`, for example `7-9=SCAN_ALLOC_HUGE_PAGE_FAIL`,
 * `64:6=SCAN_CGROUP_CHARGE_FAIL`, or with a star, for the retry with reclaim alone, `0:2*=SCAN_SUCCEED`.
 */
export function parseOutcome(text: string, geometry: Geometry): Result<OutcomeRule> {
  const match = /^(?:(\d+):)?([^=:*]+)(\*?)=(\w+)$/.exec(text);
  if (!match)
    return fail(
      'usage',
      `outcome '${text}': write [OFFSET:]ORDERS=SCAN_NAME, such as 64:6=SCAN_PAGE_COUNT, or ORDERS*= for a retry`,
    );
  const orders = parseOrders(match[2], geometry);
  if (!orders.ok) return fail('usage', `outcome '${text}': ${orders.failure.message}`);
  const result = scanResultNamed(match[4]);
  if (!result)
    return fail(
      'usage',
      `outcome '${text}': ${match[4]} is not a result of khugepaged (see docs/results.md)`,
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
  if (match[3] === '') return succeed({ offset, orders: orders.value, result });
  if (!isPossibleOnRetry(result))
    return fail('usage', `outcome '${text}': a retry may reclaim memory, and so never ends with ${result}`);
  return succeed({ offset, orders: orders.value, result, onRetry: true });
}

/** A rule as `parseOutcome` reads it: `64:6=SCAN_CGROUP_CHARGE_FAIL`. */
export function formatOutcome({ offset, orders, result, onRetry }: OutcomeRule): string {
  return `${offset === undefined ? '' : `${offset}:`}${formatOrders(orders)}${onRetry ? '*' : ''}=${result}`;
}
