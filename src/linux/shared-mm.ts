import { type UnderLocks, uncounted } from './cost-meter.ts';
import { readKernelFile } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';
import { loadKoffi } from './koffi.ts';
import { statFields } from './process-status.ts';

/** Whether two processes share one address space; undefined where the kernel does not say. */
export type SameMemory = (a: number, b: number) => boolean | undefined;

const KCMP_VM = 1;
/** System call numbers of kcmp. */
const KCMP: Partial<Record<NodeJS.Architecture, number>> = { x64: 312, arm64: 272, riscv64: 272 };

/** kcmp(KCMP_VM) through koffi; undefined where either is missing. Trying it on ourselves decides. */
export async function loadSameMemory(): Promise<SameMemory | undefined> {
  const number = KCMP[process.arch];
  const koffi = await loadKoffi();
  if (!koffi || number === undefined) return undefined;
  const syscall = koffi
    .load(null)
    .func('long syscall(long number, long pid1, long pid2, long type, long index1, long index2)');
  const same: SameMemory = (a, b) => {
    const order: number = syscall(number, a, b, KCMP_VM, 0, 0);
    return order < 0 ? undefined : order === 0;
  };
  return same(process.pid, process.pid) === true ? same : undefined;
}

/** Finds processes that share the address space of one before them (CLONE_VM without CLONE_THREAD). */
export class SharedMemory {
  readonly #tree: KernelTree;
  readonly #same: SameMemory | undefined;
  readonly #underLocks: UnderLocks;
  readonly #first = new Map<string, number[]>();

  constructor(tree: KernelTree, same: SameMemory | undefined, underLocks: UnderLocks = uncounted) {
    this.#tree = tree;
    this.#same = same;
    this.#underLocks = underLocks;
  }

  /** The process before this one whose memory is the same, and how that shows. */
  ownerOf(pid: number): { readonly pid: number; readonly by: 'kcmp' | 'sums' } | undefined {
    const layout = layoutOf(this.#tree.process(pid));
    if (layout === undefined) return undefined;
    const before = this.#first.get(layout) ?? [];
    for (const other of before) {
      const same = this.#same?.(other, pid);
      if (same === true) return { pid: other, by: 'kcmp' };
      if (same === undefined && this.#haveSameSums(other, pid)) return { pid: other, by: 'sums' };
    }
    this.#first.set(layout, [...before, pid]);
    return undefined;
  }

  /**
   * Forked processes differ: what one has for itself counts as private in its sums and not in the other's.
   */
  #haveSameSums(a: number, b: number): boolean {
    const [first, second] = [a, b].map((pid) =>
      this.#underLocks(() => readKernelFile(`${this.#tree.process(pid)}/smaps_rollup`)),
    );
    if (!first.ok || !second.ok || first.value !== second.value) return false;
    return /^Private_Dirty: +[1-9]/m.test(first.value);
  }
}

/**
 * Size of the address space, start and end of the code, start of the stack: fields 23, 26, 27 and 28 of stat.
 */
function layoutOf(folder: string): string | undefined {
  const fields = statFields(folder);
  return fields && [20, 23, 24, 25].map((at) => fields[at]).join(' ');
}
