import { type UnderLocks, uncounted } from '../cost-meter.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { loadKoffi } from '../kernel/koffi.ts';
import { statFields } from './process-status.ts';

/**
 * The order of the address spaces of two processes, 0 where it is one and the same; undefined where the
 * kernel does not say. It keeps to one order as long as both live.
 */
export type CompareMemory = (a: number, b: number) => number | undefined;

const KCMP_VM = 1;
/** What kcmp answers: equal, less, greater. Errors are negative. */
const SIGNS: readonly (number | undefined)[] = [0, -1, 1];
/** System call numbers of kcmp. */
const KCMP: Partial<Record<NodeJS.Architecture, number>> = { x64: 312, arm64: 272, riscv64: 272 };

/** kcmp(KCMP_VM) through koffi; undefined where either is missing. Trying it on ourselves decides. */
export async function loadCompareMemory(): Promise<CompareMemory | undefined> {
  const number = KCMP[process.arch];
  const koffi = await loadKoffi();
  if (!koffi || number === undefined) return undefined;
  const syscall = koffi
    .load(null)
    .func('long syscall(long number, long pid1, long pid2, long type, long index1, long index2)');
  const compare: CompareMemory = (a, b) => SIGNS[syscall(number, a, b, KCMP_VM, 0, 0) as number];
  return compare(process.pid, process.pid) === 0 ? compare : undefined;
}

/** Finds processes that share the address space of one before them (CLONE_VM without CLONE_THREAD). */
export class SharedMemory {
  readonly #tree: KernelTree;
  readonly #compare: CompareMemory | undefined;
  readonly #underLocks: UnderLocks;
  /**
   * Those with one layout: in the order of their address spaces, or where the kernel does not say it. Servers
   * that fork have hundreds; comparing each with all would take seconds.
   */
  readonly #known = new Map<string, { readonly ordered: number[]; readonly others: number[] }>();

  constructor(tree: KernelTree, compare: CompareMemory | undefined, underLocks: UnderLocks = uncounted) {
    this.#tree = tree;
    this.#compare = compare;
    this.#underLocks = underLocks;
  }

  /** The process before this one whose memory is the same, and how that shows. */
  ownerOf(pid: number): { readonly pid: number; readonly by: 'kcmp' | 'sums' } | undefined {
    const layout = layoutOf(this.#tree.process(pid));
    if (layout === undefined) return undefined;
    const known = this.#known.get(layout) ?? { ordered: [], others: [] };
    this.#known.set(layout, known);
    const place = this.#placeOf(pid, known.ordered);
    if (place && 'owner' in place) return { pid: place.owner, by: 'kcmp' };
    for (const other of place ? known.others : [...known.ordered, ...known.others]) {
      const order = this.#compare?.(other, pid);
      if (order === 0) return { pid: other, by: 'kcmp' };
      if (order === undefined && this.#haveSameSums(other, pid)) return { pid: other, by: 'sums' };
    }
    if (place) known.ordered.splice(place.index, 0, pid);
    else known.others.push(pid);
    return undefined;
  }

  /** Its equal, or where it belongs; undefined where the kernel does not say: one of them may have ended. */
  #placeOf(
    pid: number,
    ordered: readonly number[],
  ): { readonly owner: number } | { readonly index: number } | undefined {
    if (!this.#compare) return undefined;
    let [from, to] = [0, ordered.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const order = this.#compare(ordered[middle], pid);
      if (order === undefined) return undefined;
      if (order === 0) return { owner: ordered[middle] };
      if (order < 0) from = middle + 1;
      else to = middle;
    }
    return { index: from };
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
