import { readdirSync } from 'node:fs';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

/**
 * Whether all shared memory is in small pages, as where `shmem_enabled` always was `never`: none is huge now,
 * and no larger folio was ever allocated for it. False where the kernel does not count that (before Linux
 * 6.13). What stays of a collapsed folio of which a part was cut off is not counted, and is very rare.
 */
export function isShmemSmall(tree: KernelTree): boolean {
  const meminfo = readKernelFile(tree.proc('meminfo'));
  if (!meminfo.ok || !/^ShmemHugePages: +0 kB$/m.test(meminfo.value)) return false;
  const counts = sizeFolders(tree).map((folder) => readKernelFile(tree.thp(`${folder}/stats/shmem_alloc`)));
  return counts.length > 0 && counts.every((count) => count.ok && count.value === '0');
}

function sizeFolders(tree: KernelTree): string[] {
  try {
    return readdirSync(tree.thp('')).filter((name) => name.startsWith('hugepages-'));
  } catch {
    return [];
  }
}
