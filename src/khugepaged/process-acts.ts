import type { Mm } from '../machine/page-tables/mm.ts';
import { exit } from '../machine/processes/exit.ts';
import type { Act, LockWish } from './locks.ts';
import type { System } from './system.ts';

/** Locks of page faults in [start, start + bytes): those of the areas, and of the page tables. */
export function faultLocks(system: System, mm: Mm, start: number, bytes: number): LockWish[] {
  return [
    { kind: 'vma', object: mm, start, end: start + bytes, write: false },
    tables(system, mm, start, bytes),
  ];
}

/** Locks of what changes pages but no areas: MADV_DONTNEED, MADV_FREE, MADV_PAGEOUT, clear_refs. */
export function zapLocks(system: System, mm: Mm, start: number, bytes: number): LockWish[] {
  return [{ kind: 'mmap', object: mm, write: false }, tables(system, mm, start, bytes)];
}

/** Locks of what changes areas: mmap, munmap, mprotect, mremap, fork, MADV_HUGEPAGE, userfaultfd. */
export function areaLocks(mm: Mm): LockWish[] {
  return [{ kind: 'mmap', object: mm, write: true }];
}

/** Locks of what finds page tables by pages: reclaim, compaction, memory errors. */
export function reverseMappingLocks(): LockWish[] {
  return [
    { kind: 'anon_vma', object: undefined, write: false },
    { kind: 'pte', object: undefined, write: true },
  ];
}

/** Something that a process does unless it has exited by then. */
export function processAct(name: string, mm: Mm, needs: readonly LockWish[], run: () => void): Act {
  return { name, needs, run: () => void (mm.exited || run()) };
}

/**
 * The last user of an address space goes: khugepaged sees it exit at once, but its memory is torn down only
 * when nobody holds its mmap lock (khugepaged_exit, exit_mmap; docs/khugepaged.md#registration).
 */
export function exitAct(system: System, mm: Mm): Act {
  const { machine } = system;
  const tearDown = processAct('exit', mm, areaLocks(mm), () => {
    exit(machine, mm);
    system.unmarkExiting(mm);
  });
  return processAct('exit', mm, [], () => {
    if (system.isExiting(mm)) return;
    system.markExiting(mm);
    system.locks.perform(tearDown);
  });
}

function tables({ machine }: System, mm: Mm, start: number, bytes: number): LockWish {
  const { rangeBytes } = machine;
  const first = Math.floor(start / rangeBytes) * rangeBytes;
  const end = Math.ceil((start + bytes) / rangeBytes) * rangeBytes;
  return { kind: 'pte', object: mm, start: first, end, write: true };
}
