import { closeSync, openSync, readSync } from 'node:fs';
import { type Result, succeed } from '../../core/base/failure.ts';
import type { CollapseEvent, LostEvents } from '../../core/rules/collapse-events.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';
import { COLLAPSE_EVENTS, CollapseDecoder, LOCK_EVENTS } from './collapse-decoder.ts';
import { openTraceInstance, type TraceInstance } from './instance.ts';

/** Collapses of the kernel that runs, as it traces them. Takes root and tracefs. */
export class CollapseTrace {
  readonly #tree: KernelTree;
  readonly #instance: TraceInstance;
  readonly #decoder: CollapseDecoder;
  /** Events that this kernel has, of those that are asked for. */
  readonly traced: readonly string[];
  #later: CollapseEvent[] = [];

  constructor(tree: KernelTree, instance: TraceInstance) {
    this.#tree = tree;
    this.#instance = instance;
    this.#decoder = new CollapseDecoder((system, event) => instance.format(system, event));
    this.traced = COLLAPSE_EVENTS.filter(({ system, event }) => instance.enable(system, event)).map(
      ({ event }) => event,
    );
  }

  /** Traces the mmap locks that a task takes: when work begins and ends. False where the kernel cannot. */
  traceLocksOf(task: number): boolean {
    return LOCK_EVENTS.every(({ system, event }) =>
      this.#instance.enable(system, event, `common_pid == ${task}`),
    );
  }

  /**
   * What was traced since the last time, in order over all CPUs. What happened while this reads is handed out
   * the next time.
   */
  events(): CollapseEvent[] {
    const until = Number(process.hrtime.bigint());
    this.#drain();
    this.#later.sort((a, b) => a.atNs - b.atNs);
    const at = this.#later.findIndex(({ atNs }) => atNs >= until);
    return this.#later.splice(0, at < 0 ? this.#later.length : at);
  }

  /** Events since the start that were lost, by CPU. */
  lost(): LostEvents[] {
    return this.#instance.lost();
  }

  /**
   * Which address space events name for each process: this process takes the mmap lock of each once, to read
   * one entry of its pagemap, and traces itself doing so. Processes that may not be read are left out, all of
   * them on a kernel without these events. `calibrated` is a task whose locks are traced all the time.
   */
  addressSpaces(pids: readonly number[], calibrated?: number): Map<number, number> {
    const found = new Map<number, number>();
    const [{ system, event }] = LOCK_EVENTS;
    const own = `common_pid == ${process.pid}`;
    const filter = calibrated === undefined ? own : `${own} || common_pid == ${calibrated}`;
    if (!this.#instance.enable(system, event, filter)) return found;
    const reads: { readonly pid: number; readonly fromNs: number; readonly toNs: number }[] = [];
    for (const pid of pids) {
      const fromNs = Number(process.hrtime.bigint());
      touchPagemap(`${this.#tree.process(pid)}/pagemap`);
      reads.push({ pid, fromNs, toNs: Number(process.hrtime.bigint()) });
    }
    const ownSpace = this.#ownSpace();
    if (calibrated === undefined) this.#instance.disable(system, event);
    else this.#instance.enable(system, event, `common_pid == ${calibrated}`);
    this.#drain();
    const mine: Extract<CollapseEvent, { kind: 'lock' }>[] = [];
    this.#later = this.#later.filter((each) => {
      if (each.kind !== 'lock' || each.task !== process.pid) return true;
      mine.push(each);
      return false;
    });
    for (const { pid, fromNs, toNs } of reads) {
      const isSelf = pid === process.pid;
      const lock = mine.find(
        ({ atNs, mm }) => fromNs <= atNs && atNs <= toNs && (isSelf || mm !== ownSpace(mine)),
      );
      if (lock) found.set(pid, lock.mm);
    }
    return found;
  }

  /** Removes everything from the kernel. May be called again. */
  close(): void {
    this.#instance.close();
  }

  /** Takes the lock of this process; says afterwards which address space that is. */
  #ownSpace(): (locks: readonly Extract<CollapseEvent, { kind: 'lock' }>[]) => number | undefined {
    const fromNs = Number(process.hrtime.bigint());
    touchPagemap(`${this.#tree.process('self')}/pagemap`);
    return (locks) => locks.find(({ atNs }) => atNs >= fromNs)?.mm;
  }

  #drain(): void {
    this.#instance.drain((view, record, atNs) => {
      const event = this.#decoder.decode(view, record, atNs);
      if (event) this.#later.push(event);
    });
  }
}

/** Begins to trace. Fails without tracefs, and for users who may not. */
export function openCollapseTrace(tree: KernelTree, bufferKb?: number): Result<CollapseTrace> {
  const instance = openTraceInstance(tree, bufferKb);
  return instance.ok ? succeed(new CollapseTrace(tree, instance.value)) : instance;
}

/** Makes the kernel look at one page of a process, under its mmap lock. */
function touchPagemap(path: string): void {
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, new Uint8Array(8), 0, 8, 0);
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
  }
}
