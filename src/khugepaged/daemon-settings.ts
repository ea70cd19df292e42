import type { Geometry } from '../core/memory/geometry.ts';
import { anonOrders, asOrder, type Order, ordersOf } from '../core/memory/order.ts';
import { defaultPace } from '../core/rules/pace.ts';
import type { MachineSettings } from '../machine/settings.ts';
import type { DaemonModel } from './daemon-model.ts';

/**
 * Settings of the daemon alone (docs/khugepaged.md#sysfs); faults and reclaim read `MachineSettings`, too.
 */
export interface DaemonSettings {
  /** khugepaged/defrag: whether its allocations may reclaim and compact. */
  defrag: boolean;
  /** PTEs, or what the version counts, for one wake-up. */
  pagesToScan: number;
  scanSleepMs: number;
  allocSleepMs: number;
}

/** The kernel's defaults (docs/khugepaged.md#sysfs). */
export function defaultDaemonSettings(geometry: Geometry): DaemonSettings {
  return defaultPace(geometry);
}

/** Whether anything wants khugepaged to run. Source: hugepage_enabled, docs/khugepaged.md#when-it-runs. */
export function hugepageEnabled(machine: MachineSettings, model: DaemonModel, geometry: Geometry): boolean {
  const topLevel = machine.enabled !== 'never';
  const isOn = (order: Order) => {
    const word = machine.sizes.get(order) ?? 'never';
    return word === 'inherit' ? topLevel : word !== 'never';
  };
  const pmdOrder = asOrder(geometry.pmdOrder);
  if (!model.runsForAnySize) return isOn(pmdOrder);
  if (topLevel || ordersOf(anonOrders(geometry)).some(isOn)) return true;
  const { enabled, sizes } = machine.shmem;
  if (enabled === 'deny') return false;
  const shmem = sizes.get(pmdOrder) ?? 'never';
  return (shmem === 'inherit' ? enabled : shmem) !== 'never';
}
