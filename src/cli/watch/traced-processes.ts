import type { TracedProcess } from '../../analysis/watch/report.ts';
import type { SpaceSums, TraceTally } from '../../analysis/watch/trace-tally.ts';
import { readKernelFile } from '../../linux/kernel/kernel-file.ts';
import type { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { statFields } from '../../linux/processes/process-status.ts';
import type { CollapseTrace } from '../../linux/trace/collapse-trace.ts';

/** Looking for processes of address spaces that are not known takes a file of each process. */
const SEARCH_MS = 10_000;
/** Processes that a report names; of those that have ended, that are kept by name. */
const MOST_NAMED = 10;

interface Named {
  readonly pid: number;
  readonly command: string;
  readonly startTime: string | undefined;
}

/** Which process an address space belongs to that trace events name. */
export class TracedProcesses {
  readonly #tree: KernelTree;
  readonly #trace: CollapseTrace;
  readonly #pids: () => readonly number[];
  readonly #named = new Map<number, Named>();
  #ended: TracedProcess[] = [];
  /** What processes did that have ended and are not kept by name. */
  readonly #endedOthers: SpaceSums = { scanned: 0, collapsed: 0, failed: 0 };
  #unknown = '';
  #searchedMs = Number.NEGATIVE_INFINITY;

  /** `pids` are the watched processes, as they are when it is called. */
  constructor(tree: KernelTree, trace: CollapseTrace, pids: () => readonly number[]) {
    this.#tree = tree;
    this.#trace = trace;
    this.#pids = pids;
  }

  /** Names what is not named yet, not too often; sets those apart that have ended. */
  search(tally: TraceTally, timed: number | undefined): void {
    const now = performance.now();
    if (now - this.#searchedMs < SEARCH_MS) return;
    const isFirst = this.#searchedMs === Number.NEGATIVE_INFINITY;
    this.#searchedMs = now;
    for (const [mm, sums] of tally.spaces) {
      const named = this.#named.get(mm);
      if (!named || startTimeOf(this.#tree, named.pid) === named.startTime) continue;
      // The kernel may give its address to the next one.
      this.#ended.push({ ...sums, pid: named.pid, command: named.command, hasEnded: true });
      this.#named.delete(mm);
      tally.spaces.delete(mm);
    }
    this.#ended = mostScanned(this.#ended, this.#endedOthers);
    const unknown = [...tally.spaces.keys()].filter((mm) => !this.#named.has(mm)).join();
    if (!isFirst && unknown === this.#unknown) return;
    for (const [pid, mm] of this.#trace.addressSpaces(this.#pids(), timed)) {
      const comm = readKernelFile(`${this.#tree.process(pid)}/comm`);
      if (comm.ok) this.#named.set(mm, { pid, command: comm.value, startTime: startTimeOf(this.#tree, pid) });
    }
    this.#unknown = [...tally.spaces.keys()].filter((mm) => !this.#named.has(mm)).join();
  }

  place({ place }: TraceTally): { pid: number; command: string } | undefined {
    const named = place === undefined ? undefined : this.#named.get(place);
    return named && { pid: named.pid, command: named.command };
  }

  /** The processes that most ranges were looked at of; all others, which nothing names, are one. */
  list({ spaces }: TraceTally): TracedProcess[] {
    const listed: TracedProcess[] = [...this.#ended];
    const others = { ...this.#endedOthers };
    for (const [mm, sums] of spaces) {
      const named = this.#named.get(mm);
      if (named) {
        listed.push({ ...sums, pid: named.pid, command: named.command, hasEnded: false });
        continue;
      }
      addSums(others, sums);
    }
    const named = mostScanned(listed, others);
    if (others.scanned + others.collapsed + others.failed === 0) return named;
    return [...named, { ...others, pid: undefined, command: undefined, hasEnded: false }];
  }
}

/** As many as are named, those that most ranges were looked at of first; the rest is added to `others`. */
function mostScanned(processes: readonly TracedProcess[], others: SpaceSums): TracedProcess[] {
  const sorted = processes.toSorted((a, b) => b.scanned - a.scanned);
  for (const each of sorted.slice(MOST_NAMED)) addSums(others, each);
  return sorted.slice(0, MOST_NAMED);
}

function addSums(into: SpaceSums, from: Readonly<SpaceSums>): void {
  into.scanned += from.scanned;
  into.collapsed += from.collapsed;
  into.failed += from.failed;
}

function startTimeOf(tree: KernelTree, pid: number): string | undefined {
  return statFields(tree.process(pid))?.[19];
}
