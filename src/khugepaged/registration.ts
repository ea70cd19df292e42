import type { Mm } from '../machine/page-tables/mm.ts';
import { khugepagedOrders } from '../machine/page-tables/vma-orders.ts';
import { hugepageEnabled } from './daemon-settings.ts';
import type { MmList } from './mm-list.ts';
import type { System } from './system.ts';

/** Whether THP settings want khugepaged to run at all (hugepage_enabled, docs/khugepaged.md#when-it-runs). */
export function isEnabled({ machine, daemonModel }: System): boolean {
  return hugepageEnabled(machine.settings, daemonModel, machine.geometry);
}

/**
 * Registers address spaces as memory management tells of them: on enter_vma if an area qualifies, on fork if
 * the parent is registered; forgets them at exit. `wake` is called when the list was empty.
 * Source: docs/khugepaged.md#registration.
 */
export function registerAddressSpaces(system: System, list: MmList, wake: () => void): void {
  const add = (mm: Mm) => {
    if (list.add(mm)) wake();
  };
  system.machine.hooks = {
    enterVma(mm, area) {
      if (list.has(mm) || !isEnabled(system)) return;
      if (khugepagedOrders(system.machine, mm, area, system.model) !== 0) add(mm);
    },
    forked(parent, child) {
      if (list.has(parent)) add(child);
    },
    exiting: (mm) => leave(list, mm),
  };
}

/**
 * An address space exits: its slot goes at once, unless the cursor is in it; then the daemon frees it
 * (__khugepaged_exit, docs/khugepaged.md#registration).
 */
function leave(list: MmList, mm: Mm): void {
  if (list.has(mm) && list.cursor.mm !== mm) list.remove(mm);
}
