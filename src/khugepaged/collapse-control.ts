import type { KernelModel } from '../core/kernel-model.ts';
import { NO_ORDERS, type OrderSet } from '../core/order.ts';
import { type CollapsePolicy, madvisePolicy } from '../core/policy.ts';
import { madviseOrders } from '../core/vma.ts';
import type { AllocMode } from '../memory/frame-alloc.ts';
import type { Mm } from '../memory/mm.ts';
import { khugepagedOrders } from '../memory/vma-orders.ts';
import { viewVma, type VmArea } from '../memory/vm-area.ts';
import type { Machine } from '../memory/machine.ts';
import { Activity, type Phase } from './activity.ts';
import type { Kernel } from './kernel.ts';

/** Who collapses, and what it keeps from the scan of a range to its attempts (struct collapse_control). */
export class CollapseControl {
  readonly kernel: Kernel;
  readonly caller: 'khugepaged' | 'madvise';
  /** Its name as an owner of locks. */
  readonly owner: string;
  readonly activity: Activity;
  /** Pages of the range on each node, as far as scanned (spec 3.6). */
  readonly nodeLoad: number[];

  constructor(kernel: Kernel, caller: 'khugepaged' | 'madvise', activity = new Activity()) {
    this.kernel = kernel;
    this.caller = caller;
    this.owner = caller;
    this.activity = activity;
    this.nodeLoad = kernel.machine.nodes.map(() => 0);
  }

  /** Spends CPU time; what others do meanwhile happens. */
  spend(phase: Phase, ns: number): void {
    this.activity.cpuNs[phase] += ns;
    this.kernel.timeline.spend(ns);
  }

  /** The orders that this caller may collapse an area to now: spec 2.8, for MADV_COLLAPSE without step A. */
  possibleOrders(mm: Mm, area: VmArea): OrderSet {
    const { machine, model } = this.kernel;
    if (this.caller === 'khugepaged') return khugepagedOrders(machine, mm, area, model);
    if (!area.hasAnonVma) return NO_ORDERS;
    return madviseOrders(viewVma(area), machine.geometry, mm.thpDisabled === 'all').orders;
  }

  /** The rules for a range whose orders were looked up; the limits of sysfs are read at each evaluation (spec 4.2). */
  policy(orders: OrderSet): CollapsePolicy {
    const { machine, model } = this.kernel;
    if (this.caller === 'khugepaged') return new LivePolicy(machine, model, orders);
    return { ...madvisePolicy(model, machine.geometry), orders };
  }

  /** How hard it tries to get memory (spec 5.2 step 1). */
  get allocMode(): AllocMode {
    return this.caller === 'madvise' || this.kernel.settings.defrag ? 'direct' : 'light';
  }
}

/** khugepaged's policy on a running machine: a limit written in the middle of a walk holds from then on. */
class LivePolicy implements CollapsePolicy {
  readonly caller = 'khugepaged';
  readonly orders: OrderSet;
  readonly model: KernelModel;
  readonly #machine: Machine;

  constructor(machine: Machine, model: KernelModel, orders: OrderSet) {
    this.#machine = machine;
    this.model = model;
    this.orders = orders;
  }

  get maxPtesNone(): number {
    return this.#machine.settings.maxPtesNone;
  }

  get maxPtesSwap(): number {
    return this.#machine.settings.maxPtesSwap;
  }

  get maxPtesShared(): number {
    return this.#machine.settings.maxPtesShared;
  }
}
