import type { Geometry } from '../core/memory/geometry.ts';
import { hasOrder, type Offset, type Order, type OrderSet } from '../core/memory/order.ts';
import { type ScanResult, scanResultNamed } from '../core/rules/scan-result.ts';

/** What no algorithm may do. */
export type FaultKind =
  /** It throws. */
  | 'throws'
  /** It calls attempt with something else than windows. */
  | 'no-window'
  /** It attempts a window that is not inside the range. */
  | 'outside'
  /** It attempts a window that is not naturally aligned. */
  | 'misaligned'
  /** It attempts a window of an order that is not enabled. */
  | 'disabled'
  /** It attempts more windows than there are. */
  | 'endless'
  /** It returns something else than a result. */
  | 'no-result'
  /** It never returns; only whoever runs a run can know that. */
  | 'hangs'
  /** It ends its process: a search in C. */
  | 'crashes'
  /** It does what it may not: calls what is undefined or forbidden, or meets its own warning. */
  | 'breaks'
  /** It does something else when the same case comes again. */
  | 'changes';

export interface Fault {
  readonly kind: FaultKind;
  readonly message: string;
}

/** Ends a search that does what no search may do. */
export class FaultError extends Error {
  /** What it was, where only the search itself can tell. */
  readonly fault: Fault | undefined;

  constructor(message: string, fault?: Fault) {
    super(message);
    this.fault = fault;
  }
}

/** What is wrong with a window as an attempt, if anything. */
export function windowFault(
  offset: Offset,
  order: Order,
  { pmdOrder }: Geometry,
  orders: OrderSet,
): Fault | undefined {
  const isWindow = Number.isInteger(offset) && Number.isInteger(order) && order >= 0 && order <= pmdOrder;
  const size = 1 << order;
  if (isWindow && offset >= 0 && offset + size <= 1 << pmdOrder && offset % size === 0) {
    if (hasOrder(orders, order)) return undefined;
    return { kind: 'disabled', message: `attempts ${offset}:${order}, whose order is not enabled` };
  }
  const window = `attempts ${offset}:${order}, which is`;
  if (!isWindow) return { kind: 'no-window', message: `${window} no window of PMD order ${pmdOrder}` };
  if (offset >= 0 && offset + size <= 1 << pmdOrder)
    return { kind: 'misaligned', message: `${window} not aligned` };
  return { kind: 'outside', message: `${window} not inside the range` };
}

/** What is wrong with what a search hands to `attempt`, if it is no list of anything. */
export function batchFault(batch: unknown): Fault | undefined {
  if (Array.isArray(batch) && batch.length > 0 && batch.every(isObject)) return undefined;
  const message = 'calls attempt with no list of windows; write attempt([{ offset, order }])';
  return { kind: 'no-window', message };
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** The result that a search returned, in the newest spelling, or what is wrong with it. */
export function resultOf(returned: unknown): ScanResult | Fault {
  const named = typeof returned === 'string' ? scanResultNamed(returned) : undefined;
  return named ?? { kind: 'no-result', message: `returns ${describe(returned)}, which is no result` };
}

/** What a search did that threw. */
export function faultOf(error: unknown): Fault {
  if (error instanceof FaultError && error.fault) return error.fault;
  const what = error instanceof Error ? `${error.name}: ${error.message}` : describe(error);
  return { kind: 'throws', message: `throws ${what}` };
}

function describe(value: unknown): string {
  try {
    return String(value).slice(0, 80);
  } catch {
    return typeof value;
  }
}
