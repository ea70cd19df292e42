import { formatBytes, parseBytes } from '../base/bytes.ts';
import { fail, type Result, succeed } from '../base/failure.ts';
import { runList } from '../base/run-list.ts';
import { type Geometry, orderBytes } from './geometry.ts';

declare const kind: unique symbol;

/** log2 of a number of base pages. Order 0 is one page, order pmdOrder is a PMD-sized THP. */
export type Order = number & { readonly [kind]: 'Order' };

/** Position of a PTE in its PMD range, 0 .. 2^pmdOrder - 1. */
export type Offset = number & { readonly [kind]: 'Offset' };

/** A set of orders as a bit mask: bit k stands for order k. */
export type OrderSet = number & { readonly [kind]: 'OrderSet' };

/** A naturally aligned block of 2^order PTEs that starts at offset. */
export interface Window {
  readonly offset: Offset;
  readonly order: Order;
}

/** The smallest order that anonymous memory can have, on every architecture (KHUGEPAGED_MIN_MTHP_ORDER). */
export const MIN_ANON_ORDER = 2 as Order;

export const NO_ORDERS = 0 as OrderSet;

export function asOrder(value: number): Order {
  return value as Order;
}

export function asOffset(value: number): Offset {
  return value as Offset;
}

/** A bit mask of orders as a set. */
export function asOrderSet(mask: number): OrderSet {
  return mask as OrderSet;
}

export function orderSet(orders: Iterable<number>): OrderSet {
  let mask = 0;
  for (const order of orders) mask |= 1 << order;
  return asOrderSet(mask);
}

/** Orders 2 .. pmdOrder: every order that anonymous memory can have (THP_ORDERS_ALL_ANON). */
export function anonOrders(geometry: Geometry): OrderSet {
  return asOrderSet((2 << geometry.pmdOrder) - 4);
}

export function hasOrder(set: OrderSet, order: Order): boolean {
  return ((set >>> order) & 1) === 1;
}

export function intersectOrders(a: OrderSet, b: OrderSet): OrderSet {
  return asOrderSet(a & b);
}

export function uniteOrders(a: OrderSet, b: OrderSet): OrderSet {
  return asOrderSet(a | b);
}

/** The orders of `set` that are not in `others`. */
export function subtractOrders(set: OrderSet, others: OrderSet): OrderSet {
  return asOrderSet(set & ~others);
}

export function withOrder(set: OrderSet, order: Order): OrderSet {
  return asOrderSet(set | (1 << order));
}

export function withoutOrder(set: OrderSet, order: Order): OrderSet {
  return asOrderSet(set & ~(1 << order));
}

/** Whether the set holds any order below this one. */
export function hasLowerOrder(set: OrderSet, order: Order): boolean {
  return (set & ((1 << order) - 1)) !== 0;
}

/** The largest order of a set. */
export function highestOrder(set: OrderSet): Order | undefined {
  return set === 0 ? undefined : asOrder(31 - Math.clz32(set));
}

/** The largest order of a set below this one. */
export function lowerOrder(set: OrderSet, order: Order): Order | undefined {
  return highestOrder(asOrderSet(set & ((1 << order) - 1)));
}

/** The largest order that is aligned at an offset: its lowest set bit; the PMD order at offset 0. */
export function naturalOrder(offset: Offset, geometry: Geometry): Order {
  if (offset === 0) return asOrder(geometry.pmdOrder);
  return asOrder(Math.min(31 - Math.clz32(offset & -offset), geometry.pmdOrder));
}

/** The orders of a set, ascending. */
export function ordersOf(set: OrderSet): Order[] {
  const orders: Order[] = [];
  for (let order = 0; set >>> order !== 0; order++) {
    if ((set >>> order) & 1) orders.push(asOrder(order));
  }
  return orders;
}

/** A size as people write it for one order: "64K". */
export function formatOrder(order: Order, geometry: Geometry): string {
  return formatBytes(orderBytes(order, geometry));
}

/** A set of orders as a range list: "2-4,9"; "none" when empty. */
export function formatOrders(set: OrderSet): string {
  return runList(ordersOf(set)) || 'none';
}

/**
 * Reads `all`, or a comma-separated list of orders (`4`), ranges of orders (`2-9`) and sizes (`64K`, `2M`,
 * `64kB`). Fails when a part is no order that anonymous memory can have in this geometry.
 */
export function parseOrders(text: string, geometry: Geometry): Result<OrderSet> {
  if (text === 'all') return succeed(anonOrders(geometry));
  let mask = 0;
  for (const part of text.split(',')) {
    const ends = part.split('-').map((end) => parseOrder(end, geometry));
    const [first, last] = ends.length === 1 ? [ends[0], ends[0]] : ends;
    if (ends.length > 2 || first === undefined || last === undefined) {
      return fail(
        'usage',
        `orders '${text}': '${part}' is not an order or size; anonymous memory has ${describeOrders(geometry)}`,
      );
    }
    if (first > last)
      return fail('usage', `orders '${text}': '${part}' runs backwards; write ${last}-${first}`);
    for (let order: number = first; order <= last; order++) mask |= 1 << order;
  }
  return succeed(asOrderSet(mask));
}

function parseOrder(text: string, geometry: Geometry): Order | undefined {
  const order = /^\d+$/.test(text) ? Number(text) : orderOfSize(text, geometry);
  if (order === undefined || order < MIN_ANON_ORDER || order > geometry.pmdOrder) return undefined;
  return asOrder(order);
}

function orderOfSize(text: string, geometry: Geometry): number | undefined {
  const bytes = parseBytes(text);
  if (bytes === undefined) return undefined;
  const order = Math.log2(bytes) - geometry.pageShift;
  return Number.isInteger(order) ? order : undefined;
}

function describeOrders(geometry: Geometry): string {
  const smallest = formatOrder(MIN_ANON_ORDER, geometry);
  const largest = formatOrder(asOrder(geometry.pmdOrder), geometry);
  return `orders ${MIN_ANON_ORDER} (${smallest}) to ${geometry.pmdOrder} (${largest})`;
}
