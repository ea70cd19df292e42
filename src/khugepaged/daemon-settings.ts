import type { Geometry } from '../core/memory/geometry.ts';
import { anonOrders, asOrder, type Order, ordersOf } from '../core/memory/order.ts';
import { defaultPace } from '../core/rules/pace.ts';
import type { ShmemSizeWord, ShmemWord } from '../core/rules/shmem-settings.ts';
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
  shmemEnabled: ShmemWord;
  /** By order; `never` where none is named. */
  readonly shmemSizes: Map<Order, ShmemSizeWord>;
}

/** The kernel's defaults (docs/khugepaged.md#sysfs). */
export function defaultDaemonSettings(geometry: Geometry): DaemonSettings {
  return {
    ...defaultPace(geometry),
    shmemEnabled: 'never',
    shmemSizes: new Map([[asOrder(geometry.pmdOrder), 'inherit']]),
  };
}

/** Whether anything wants khugepaged to run. Source: hugepage_enabled, docs/khugepaged.md#when-it-runs. */
export function hugepageEnabled(
  machine: MachineSettings,
  daemon: DaemonSettings,
  model: DaemonModel,
  geometry: Geometry,
): boolean {
  const topLevel = machine.enabled !== 'never';
  const isOn = (order: Order) => {
    const word = machine.sizes.get(order) ?? 'never';
    return word === 'inherit' ? topLevel : word !== 'never';
  };
  const pmdOrder = asOrder(geometry.pmdOrder);
  if (!model.runsForAnySize) return isOn(pmdOrder);
  if (topLevel || ordersOf(anonOrders(geometry)).some(isOn)) return true;
  const shmem = daemon.shmemSizes.get(pmdOrder) ?? 'never';
  if (shmem !== 'inherit') return shmem !== 'never';
  return daemon.shmemEnabled !== 'never' && daemon.shmemEnabled !== 'deny';
}
