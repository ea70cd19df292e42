import { NO_ORDERS, type OrderSet } from '../../core/memory/order.ts';
import { KERNEL_MODELS, type KernelModel } from '../../core/rules/kernel-model.ts';
import { faultOrders, possibleOrders } from '../../core/rules/vma.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { type VmArea, viewVma } from './vm-area.ts';
import { VM_HUGEPAGE } from './vma-flags.ts';

/** Whether prctl keeps an area from having THPs (docs/khugepaged.md#prctl). */
function isThpDisabled(mm: Mm, area: VmArea): boolean {
  return mm.thpDisabled === 'all' || (mm.thpDisabled === 'except-advised' && !(area.flags & VM_HUGEPAGE));
}

/**
 * The orders that khugepaged of this version may collapse an area to now, the missing anon_vma included:
 * docs/khugepaged.md#possible-orders.
 */
export function khugepagedOrders(machine: Machine, mm: Mm, area: VmArea, model: KernelModel): OrderSet {
  if (!area.hasAnonVma) return NO_ORDERS;
  const { settings, geometry } = machine;
  return possibleOrders(viewVma(area), settings, model, geometry, isThpDisabled(mm, area)).orders;
}

/** The orders that a page fault in an area may allocate, before it is seen what fits at the address. */
export function areaFaultOrders(machine: Machine, mm: Mm, area: VmArea): OrderSet {
  const { settings, geometry } = machine;
  const model = KERNEL_MODELS['linux-7.3'];
  return faultOrders(viewVma(area), settings, model, geometry, isThpDisabled(mm, area));
}
