import { constants } from 'node:os';
import type * as Koffi from 'koffi';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { type Geometry, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import { closeKernelFile } from '../kernel/kernel-file.ts';
import { RUNNING_KERNEL } from '../kernel/kernel-tree.ts';
import { loadKoffi } from '../kernel/koffi.ts';
import { openPagemap, PAGEMAP_HIGH } from '../pages/pagemap.ts';
import { isStillThere } from './process.ts';

/** System calls that have one number on all architectures. */
const PIDFD_OPEN = 434;
const PROCESS_MADVISE = 440;
const MADV_COLLAPSE = 25;

/** A process whose PMD ranges can be collapsed by MADV_COLLAPSE: the one that was opened, until closed. */
export interface AdvisedProcess {
  /**
   * PTEs of the PMD range at an address that are present or hold a swap entry; undefined once the process has
   * ended. What a collapse makes of the others is growth.
   */
  heldPages(address: number): number | undefined;
  /** Collapses the PMD range at an address: undefined where it is a huge page now, else the errno's name. */
  collapse(address: number): string | undefined;
  close(): void;
}

/** Opens running processes to collapse their memory. Source: docs/khugepaged.md#madv_collapse. */
export type OpenAdvisedProcess = (process: Process) => Result<AdvisedProcess>;

/** process_madvise through koffi. Unsupported without koffi. */
export async function loadProcessMadvise(geometry: Geometry): Promise<Result<OpenAdvisedProcess>> {
  const koffi = await loadKoffi();
  if (!koffi)
    return fail(
      'unsupported',
      '--collapse needs the optional package koffi, for the system call; npm install it',
    );
  const calls = systemCalls(koffi);
  return succeed((process) => {
    const { pid } = process;
    const ended = fail('unreadable', `process ${pid}: has ended`);
    const fd = calls.pidfdOpen(pid);
    if (fd < 0) return ended;
    // A pid that is used again names another process.
    const pagemap = isStillThere(RUNNING_KERNEL, { process })
      ? openPagemap(RUNNING_KERNEL.process(pid), geometry)
      : ended;
    if (!pagemap.ok) {
      closeKernelFile(fd);
      return pagemap;
    }
    const entries = new Int32Array(2 * pagesPerRange(geometry));
    return succeed({
      heldPages(address) {
        if (!pagemap.value.read(address, entries).ok) return undefined;
        let held = 0;
        for (let high = 1; high < entries.length; high += 2)
          if (entries[high] & (PAGEMAP_HIGH.present | PAGEMAP_HIGH.swapped)) held++;
        return held;
      },
      collapse: (address) => calls.collapse(fd, address, rangeBytes(geometry)),
      close() {
        pagemap.value.close();
        closeKernelFile(fd);
      },
    });
  });
}

function systemCalls(koffi: typeof Koffi) {
  const libc = koffi.load(null);
  const pidfdOpen = libc.func('long syscall(long number, long pid, unsigned long flags)');
  const processMadvise = libc.func(
    'long syscall(long number, long pidfd, void *vector, unsigned long length, long advice, unsigned long flags)',
  );
  const names = new Map(Object.entries(constants.errno).map(([name, errno]) => [errno, name]));
  const vector = new BigUint64Array(2);
  return {
    pidfdOpen: (pid: number): number => pidfdOpen(PIDFD_OPEN, pid, 0),
    collapse(fd: number, address: number, length: number): string | undefined {
      vector[0] = BigInt(address);
      vector[1] = BigInt(length);
      if (processMadvise(PROCESS_MADVISE, fd, vector, 1, MADV_COLLAPSE, 0) >= 0) return undefined;
      const errno = koffi.errno();
      return names.get(errno) ?? `errno ${errno}`;
    },
  };
}
