import type { Khugepaged } from '../../../src/khugepaged/khugepaged.ts';
import { PMD_DETACHED } from '../../../src/machine/page-tables/pmd.ts';
import { checkMachine } from '../machine/check.ts';

/**
 * Everything that is wrong with a machine and its daemon, one sentence each; empty if both are sound, also in
 * the middle of an attempt. Beyond `checkMachine`: page tables are detached only under the mmap lock for
 * write, the list holds what is registered, and the cursor is on it.
 */
export function checkDaemon({ system, list }: Khugepaged): string[] {
  const { machine, locks, held } = system;
  const problems = checkMachine(machine, held);
  for (const mm of machine.mms.values()) {
    const isWriteLocked = locks.holds.some(
      ({ kind, object, write }) => kind === 'mmap' && object === mm && write,
    );
    for (const pmd of mm.pmds.values()) {
      if (pmd.kind === PMD_DETACHED && !isWriteLocked)
        problems.push(`process ${mm.id}: the page table of range ${pmd.number} stays detached`);
    }
  }
  const { mm, address } = list.cursor;
  if (mm && !list.slots.includes(mm))
    problems.push(`the cursor is in process ${mm.id}, which is not on the list`);
  if (address % machine.rangeBytes !== 0) problems.push(`the cursor is at ${address}, within a range`);
  if (!mm && address !== 0) problems.push(`the cursor is nowhere and yet at ${address}`);
  for (const slot of list.slots) {
    if (slot.exited && slot !== mm) problems.push(`process ${slot.id} has exited and is still on the list`);
    if (!list.has(slot)) problems.push(`process ${slot.id} is on the list and not registered`);
  }
  return problems;
}
