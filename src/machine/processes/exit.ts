import { closeFileArea } from '../cache/file-calls.ts';
import type { Machine } from '../machine.ts';
import type { Mm } from '../page-tables/mm.ts';
import { unmapPages } from '../page-tables/unmap.ts';

/** Tears an address space down (exit_mmap). Pins that others hold keep their pages. */
export function exit(machine: Machine, mm: Mm): void {
  if (mm.exited) throw new Error(`process ${mm.id} has exited already`);
  mm.exited = true;
  machine.hooks.exiting?.(mm);
  for (const area of mm.areas.remove(0, Number.MAX_SAFE_INTEGER)) {
    unmapPages(machine, mm, area.start, area.end, { markers: true, tables: 'keep' });
    if (area.mapped) closeFileArea(machine, mm, area);
  }
  for (const pmd of mm.pmds.values()) {
    const start = pmd.number * machine.rangeBytes;
    unmapPages(machine, mm, start, start + machine.rangeBytes, { markers: true, tables: 'whole' });
  }
  mm.pmds.clear();
  mm.root.mms.delete(mm);
  if (mm.root.mms.size === 0) machine.anon.drop(mm.root);
  machine.mms.delete(mm.id);
}
