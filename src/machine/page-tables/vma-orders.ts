import { NO_ORDERS, type OrderSet, orderSet } from '../../core/memory/order.ts';
import { whyNoCacheCollapse } from '../../core/rules/cache-orders.ts';
import { KERNEL_MODELS, type KernelModel } from '../../core/rules/kernel-model.ts';
import type { FileMapping } from '../../core/rules/page-cache.ts';
import { faultOrders, possibleOrders, type Vma } from '../../core/rules/vma.ts';
import { type FileArea, mapsFile } from '../cache/file-tables.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from './mm.ts';
import { type VmArea, viewVma } from './vm-area.ts';
import { VM_HUGEPAGE } from './vma-flags.ts';

/** Whether prctl keeps an area from having THPs (docs/khugepaged.md#prctl). */
export function isThpDisabled(mm: Mm, area: VmArea): boolean {
  return mm.thpDisabled === 'all' || (mm.thpDisabled === 'except-advised' && !(area.flags & VM_HUGEPAGE));
}

/**
 * The orders that khugepaged of this version may collapse an area to now, the missing anon_vma included:
 * docs/khugepaged.md#possible-orders.
 */
export function khugepagedOrders(machine: Machine, mm: Mm, area: VmArea, model: KernelModel): OrderSet {
  if (mapsFile(area)) return khugepagedFileOrders(machine, mm, area, model);
  if (!area.hasAnonVma) return NO_ORDERS;
  const { settings, geometry } = machine;
  return possibleOrders(viewVma(area), settings, model, geometry, isThpDisabled(mm, area)).orders;
}

/** The PMD order or none: docs/khugepaged.md#files-and-shared-memory. */
function khugepagedFileOrders(machine: Machine, mm: Mm, area: FileArea, model: KernelModel): OrderSet {
  const { settings, geometry } = machine;
  const { file } = area.mapped.pages;
  const governing = { settings, shmem: settings.shmem, model };
  const why = whyNoCacheCollapse(fileVma(machine, area), file, governing, geometry, isThpDisabled(mm, area));
  return why === undefined ? orderSet([geometry.pmdOrder]) : NO_ORDERS;
}

/** An area that maps a file as core's rules see it. */
export function fileVma({ pageBytes }: Machine, area: FileArea): Vma & { readonly mapping: FileMapping } {
  const { pages, skew } = area.mapped;
  return { ...viewVma(area), mapping: { file: pages.file.id, offset: area.start - skew * pageBytes } };
}

/** The orders that a page fault in an area may allocate, before it is seen what fits at the address. */
export function areaFaultOrders(machine: Machine, mm: Mm, area: VmArea): OrderSet {
  const { settings, geometry } = machine;
  const model = KERNEL_MODELS['linux-7.3'];
  return faultOrders(viewVma(area), settings, model, geometry, isThpDisabled(mm, area));
}
