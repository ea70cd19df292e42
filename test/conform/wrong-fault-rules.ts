import { type FaultRule, type FaultTables, faultPage } from '../../src/core/fault/fault.ts';
import { asOrder, hasOrder, type OrderSet } from '../../src/core/memory/order.ts';
import { holdsWindow, windowStart } from '../../src/core/memory/page-span.ts';

/** The tables with something else in them than there is. */
function seen(tables: FaultTables, changes: Partial<FaultTables>): FaultTables {
  return {
    geometry: tables.geometry,
    vma: tables.vma,
    pmdAt: (start) => tables.pmdAt(start),
    pteAt: (page) => tables.pteAt(page),
    ...changes,
  };
}

const onlyPmd = (orders: OrderSet, pmdOrder: number) => (orders & (1 << pmdOrder)) as OrderSet;

/** Rules that kernels do not follow, each wrong in one respect. */
export const WRONG_FAULT_RULES: Readonly<Record<string, FaultRule>> = {
  'the smallest window is taken, not the largest': (tables, page, access, policy, observe) => {
    const right = faultPage(tables, page, access, policy, observe);
    if (right.kind !== 'folio' || right.order === 0 || right.order === tables.geometry.pmdOrder) return right;
    const order = [2, 3, 4, 5, 6, 7, 8].find((each) => hasOrder(policy.orders, asOrder(each))) ?? 0;
    return { kind: 'folio', first: windowStart(page, order), order: asOrder(order) };
  },
  'only the next smaller size is tried': (tables, page, access, policy, observe) => {
    const right = faultPage(tables, page, access, policy, observe);
    if (right.kind !== 'folio' || right.order === 0 || right.order === tables.geometry.pmdOrder) return right;
    const largest = 31 - Math.clz32(policy.orders & ((1 << tables.geometry.pmdOrder) - 1));
    return right.order === largest ? right : { kind: 'folio', first: page, order: asOrder(0) };
  },
  'a zero page entry counts as empty': (tables, page, access, policy, observe) => {
    const blind = seen(tables, {
      pteAt: (at) => (tables.pteAt(at) === 'zero' && at !== page ? 'none' : tables.pteAt(at)),
    });
    return faultPage(blind, page, access, policy, observe);
  },
  'a write to a zero page entry gets the largest window': (tables, page, access, policy, observe) => {
    const isZero =
      tables.pmdAt(windowStart(page, tables.geometry.pmdOrder)) === 'table' && tables.pteAt(page) === 'zero';
    if (!isZero || access === 'read') return faultPage(tables, page, access, policy, observe);
    const blind = seen(tables, { pteAt: (at) => (at === page ? 'none' : tables.pteAt(at)) });
    return faultPage(blind, page, access, policy, observe);
  },
  'the edge of the VMA does not matter to the PMD order': (tables, page, access, policy, observe) => {
    const start = windowStart(page, tables.geometry.pmdOrder);
    const cut = !holdsWindow(tables.vma, start, tables.geometry.pmdOrder);
    const orders = onlyPmd(policy.orders, tables.geometry.pmdOrder);
    if (access === 'read' || !cut || orders === 0 || tables.pmdAt(start) !== 'none')
      return faultPage(tables, page, access, policy, observe);
    // As much of the folio as the VMA can have: the largest window, whatever is enabled.
    const order =
      [8, 7, 6, 5, 4, 3, 2].find((each) => holdsWindow(tables.vma, windowStart(page, each), each)) ?? 0;
    return { kind: 'folio', first: windowStart(page, order), order: asOrder(order) };
  },
  'the edge of the VMA does not matter to smaller orders': (tables, page, access, policy, observe) => {
    const right = faultPage(tables, page, access, policy, observe);
    if (right.kind !== 'folio' || right.order !== 0) return right;
    const order = [8, 7, 6, 5, 4, 3, 2].find((each) => hasOrder(policy.orders, asOrder(each)));
    const { vma } = tables;
    if (order === undefined || holdsWindow(vma, windowStart(page, order), order)) return right;
    const fits = [8, 7, 6, 5, 4, 3, 2].find((each) => holdsWindow(vma, windowStart(page, each), each)) ?? 0;
    return { kind: 'folio', first: windowStart(page, fits), order: asOrder(fits) };
  },
  'a page table does not keep the PMD order away': (tables, page, access, policy, observe) => {
    const start = windowStart(page, tables.geometry.pmdOrder);
    const pages = 2 ** tables.geometry.pmdOrder;
    const isTable =
      tables.pmdAt(start) === 'table' && holdsWindow(tables.vma, start, tables.geometry.pmdOrder);
    if (!isTable || tables.pteAt(page) !== 'none') return faultPage(tables, page, access, policy, observe);
    let used = 0;
    for (let at = start; at < start + pages; at++) if (tables.pteAt(at) !== 'none') used++;
    const blind = seen(tables, { pmdAt: () => (used < pages / 2 ? 'none' : 'table') });
    return faultPage(blind, page, access, { ...policy, orders: policy.orders }, observe);
  },
  'reads get folios as writes do': (tables, page, _access, policy, observe) =>
    faultPage(tables, page, 'write', policy, observe),
  'the huge zero page is always used': (tables, page, access, policy, observe) =>
    faultPage(tables, page, access, { ...policy, hugeZeroPage: true }, observe),
  'the huge zero page is split by a write': (tables, page, access, policy, observe) => {
    const start = windowStart(page, tables.geometry.pmdOrder);
    if (tables.pmdAt(start) !== 'huge-zero' || access === 'read')
      return faultPage(tables, page, access, policy, observe);
    return { kind: 'folio', first: page, order: asOrder(0) };
  },
};
