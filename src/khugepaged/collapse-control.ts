import { NO_ORDERS, type Order, type OrderSet } from '../core/memory/order.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import { type CollapsePolicy, ignoresNoneLimit, madvisePolicy } from '../core/rules/policy.ts';
import { madviseOrders } from '../core/rules/vma.ts';
import type { AllocMode } from '../machine/frames/frame-alloc.ts';
import type { Mm, ThpDisabled } from '../machine/page-tables/mm.ts';
import { type VmArea, viewVma } from '../machine/page-tables/vm-area.ts';
import { khugepagedOrders } from '../machine/page-tables/vma-orders.ts';
import type { MachineSettings } from '../machine/settings.ts';
import { Activity, type Phase } from './activity.ts';
import type { System } from './system.ts';

/** Who collapses, and what it keeps from the scan of a range to its attempts (struct collapse_control). */
export class CollapseControl {
  readonly system: System;
  readonly caller: 'khugepaged' | 'madvise';
  /** Its name as an owner of locks. */
  readonly owner: string;
  readonly activity: Activity;
  /** Pages of the range on each node, as far as scanned (docs/khugepaged.md#node-distance). */
  readonly nodeLoad: number[];
  /** Nodes to allocate from, in order, by the load of the range that was scanned last. */
  targetNodes: readonly number[] = [];
  #known: KnownOrders | undefined;

  constructor(system: System, caller: 'khugepaged' | 'madvise', activity = new Activity()) {
    this.system = system;
    this.caller = caller;
    this.owner = caller;
    this.activity = activity;
    this.nodeLoad = system.machine.nodes.map(() => 0);
  }

  /** Spends CPU time; what others do meanwhile happens. */
  spend(phase: Phase, ns: number): void {
    this.activity.cpuNs[phase] += ns;
    this.system.timeline.spend(ns);
  }

  /**
   * The orders that this caller may collapse an area to now: docs/khugepaged.md#possible-orders, for
   * MADV_COLLAPSE without step A.
   */
  possibleOrders(mm: Mm, area: VmArea): OrderSet {
    const known = this.#known;
    const { settings } = this.system.machine;
    if (known && isStillKnown(known, mm, area, settings)) return known.orders;
    const orders = this.#lookUpOrders(mm, area);
    const { start, end, flags, hasAnonVma } = area;
    this.#known = { area, start, end, flags, hasAnonVma, disabled: mm.thpDisabled, settings, orders };
    return orders;
  }

  #lookUpOrders(mm: Mm, area: VmArea): OrderSet {
    const { machine, model } = this.system;
    if (this.caller === 'khugepaged') return khugepagedOrders(machine, mm, area, model);
    if (!area.hasAnonVma) return NO_ORDERS;
    return madviseOrders(viewVma(area), machine.geometry, mm.thpDisabled === 'all').orders;
  }

  /**
   * The rules for a range whose orders were looked up; the limits of sysfs are read at each evaluation
   * (collapse_max_ptes_none, docs/khugepaged.md#none-rules).
   */
  policy(orders: OrderSet): CollapsePolicy {
    const { machine, model } = this.system;
    if (this.caller === 'khugepaged') return new LivePolicy(this.system, orders);
    return { ...madvisePolicy(model, machine.geometry), orders };
  }

  /** Logs, once per boot, that max_ptes_none counts as 0 at an order. Source: collapse_max_ptes_none. */
  checkNoneLimit(policy: CollapsePolicy, order: Order): void {
    const { log, timeline, machine } = this.system;
    if (!ignoresNoneLimit(policy, order, machine.geometry)) return;
    const largest = machine.rangePages - 1;
    log.warnOnce(
      timeline.now,
      `khugepaged: mTHP collapse does not support max_ptes_none values other than 0 or ${largest}, defaulting to 0.`,
    );
  }

  /** How hard it tries to get memory (alloc_charge_folio, docs/khugepaged.md#allocation). */
  get allocMode(): AllocMode {
    return this.caller === 'madvise' || this.system.settings.defrag ? 'direct' : 'light';
  }
}

/** The orders of an area as looked up last, and all that they depend on. */
interface KnownOrders extends Readonly<Pick<VmArea, 'start' | 'end' | 'flags' | 'hasAnonVma'>> {
  readonly area: VmArea;
  readonly disabled: ThpDisabled;
  readonly settings: MachineSettings;
  readonly orders: OrderSet;
}

function isStillKnown(known: KnownOrders, mm: Mm, area: VmArea, settings: MachineSettings): boolean {
  return (
    known.area === area &&
    known.start === area.start &&
    known.end === area.end &&
    known.flags === area.flags &&
    known.hasAnonVma === area.hasAnonVma &&
    known.disabled === mm.thpDisabled &&
    known.settings === settings
  );
}

/** khugepaged's policy on a running machine: a limit written in the middle of a walk holds from then on. */
class LivePolicy implements CollapsePolicy {
  readonly caller = 'khugepaged';
  readonly orders: OrderSet;
  readonly model: KernelModel;
  readonly #system: System;

  constructor(system: System, orders: OrderSet) {
    this.#system = system;
    this.model = system.model;
    this.orders = orders;
  }

  get maxPtesNone(): number {
    return this.#system.machine.settings.maxPtesNone;
  }

  get maxPtesSwap(): number {
    return this.#system.machine.settings.maxPtesSwap;
  }

  get maxPtesShared(): number {
    return this.#system.machine.settings.maxPtesShared;
  }
}
