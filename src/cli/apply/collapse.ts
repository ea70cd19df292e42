import { setTimeout as sleep } from 'node:timers/promises';
import {
  CandidateCounts,
  type CollapseCandidate,
  candidateBatches,
  type FittingCandidates,
} from '../../analysis/apply/collapse-candidates.ts';
import { groupShortage, memoryShortage } from '../../analysis/apply/memory-shortage.ts';
import type { RunPolicy } from '../../analysis/ranges/verdict.ts';
import { parseBytes } from '../../core/base/bytes.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { pageBytes, rangeBytes } from '../../core/memory/geometry.ts';
import type { Host, Process } from '../../core/rules/memory-source.ts';
import { KernelTree } from '../../linux/kernel/kernel-tree.ts';
import { readMachineMemory, readMemoryStall } from '../../linux/machine/machine-memory.ts';
import { MemoryGroupReader } from '../../linux/machine/memory-groups.ts';
import {
  type AdvisedProcess,
  loadProcessMadvise,
  type OpenAdvisedProcess,
} from '../../linux/processes/process-madvise.ts';
import { type Context, warn } from '../shared/context.ts';
import { parseGrowthLimit } from '../shared/flags/growth-limit.ts';
import { readMemory } from '../shared/memory/read-memory.ts';
import { openProcesses } from '../shared/memory/source.ts';
import { type Progress, startProgress } from '../shared/output/progress.ts';
import type { ApplyFlags } from './command.ts';

/** Ranges of a process that are to be collapsed, and what came of it. */
export interface CollapsedProcess {
  readonly process: Process;
  /** Its ranges that the settings collapse to the PMD size. */
  readonly asked: CandidateCounts;
  collapsed: number;
  /** Pages by which memory grew at most. */
  grownPages: number;
  /** Ranges that were not collapsed, by the errno, or `changed` where they had lost pages meanwhile. */
  readonly refused: Map<string, number>;
  /** Those of them for which its control groups had room, each by itself. */
  readonly roomy: CandidateCounts;
  /** Of all, ranges for which its control groups had no room when it was read first. */
  noRoom: number;
  /** Why there was none, then or when its turn came. */
  shortage: string | undefined;
  /** Why the rest of it was left. */
  left: string | undefined;
}

/** What `apply --collapse` is about to do, is doing, or has done. */
export interface CollapseRun {
  readonly host: Host;
  readonly processes: Map<number, CollapsedProcess>;
  readonly maxGrowthPages: number;
  readonly bytesPerSecond: number;
  readonly fitting: FittingCandidates;
  /** Ranges that the settings collapse to smaller sizes alone. */
  readonly smallerOnly: number;
  /** Why it ended before its end. */
  stopped: string | undefined;
}

type CollapseFlags = Omit<ApplyFlags, 'undo'>;

/**
 * Finds what settings would collapse to the PMD size in running processes, and which of it fits into the
 * growth that is allowed.
 */
export async function planCollapses(
  context: Context,
  flags: CollapseFlags,
  runPolicy: RunPolicy,
): Promise<Result<CollapseRun>> {
  const { maxGrowth = '0', rate = '256M' } = flags;
  const limit = parseGrowthLimit(maxGrowth);
  if (!limit.ok) return limit;
  const bytesPerSecond = parseBytes(rate) ?? 0;
  if (bytesPerSecond === 0) return fail('usage', `--rate ${rate}: write a size such as 256M`);
  const opened = await openProcesses(context, flags);
  if (!opened.ok) return opened;
  const { host } = opened.value.source;
  const processes = new Map<number, CollapsedProcess>();
  const counts = new CandidateCounts();
  let residentPages = 0;
  let smallerOnly = 0;
  const read = await readMemory(
    opened.value,
    async (items) => {
      for await (const batch of candidateBatches(items, runPolicy, host)) {
        residentPages += batch.residentPages;
        smallerOnly += batch.smallerOnly;
        if (batch.candidates.length === 0) continue;
        const of = processOf(processes, batch.process);
        for (const candidate of batch.candidates) {
          of.asked.add(candidate);
          const shortage = groupShortage(batch.process.memoryGroups ?? [], candidate, host.geometry);
          if (shortage === undefined) {
            counts.add(candidate);
            of.roomy.add(candidate);
          } else of.noRoom++;
          of.shortage ??= shortage;
        }
      }
      return succeed(undefined);
    },
    { progress: startProgress(context) },
  );
  if (!read.ok) return read;
  for (const note of read.value.notes) warn(context, note);
  const maxGrowthPages = limit.value(residentPages, pageBytes(host.geometry));
  const fitting = counts.fitting(maxGrowthPages);
  return succeed({
    host,
    processes,
    maxGrowthPages,
    bytesPerSecond,
    fitting,
    smallerOnly,
    stopped: undefined,
  });
}

function processOf(processes: Map<number, CollapsedProcess>, process: Process): CollapsedProcess {
  const known = processes.get(process.pid);
  if (known) return known;
  const empty = {
    process,
    asked: new CandidateCounts(),
    roomy: new CandidateCounts(),
    collapsed: 0,
    grownPages: 0,
    refused: new Map<string, number>(),
    noRoom: 0,
    shortage: undefined,
    left: undefined,
  };
  processes.set(process.pid, empty);
  return empty;
}

/**
 * Reads the processes again and collapses what fits, range by range at the pace asked for, until the machine
 * is short of memory. `run` holds what has come of it so far at any time. Throws where the signal aborts.
 */
export async function carryOutCollapses(
  context: Context,
  flags: CollapseFlags,
  runPolicy: RunPolicy,
  run: CollapseRun,
  signal: AbortSignal,
): Promise<Result<void>> {
  if (!new KernelTree(context.kernelRoot).isRunning)
    return fail('unsupported', 'memory can be collapsed on the machine that runs only');
  const open = await loadProcessMadvise(run.host.geometry);
  if (!open.ok) return open;
  const opened = await openProcesses(context, flags);
  if (!opened.ok) return opened;
  const progress = startProgress(context);
  const collapser = new Collapser(context, open.value, run, signal, progress);
  try {
    const read = await readMemory(
      opened.value,
      async (items) => {
        for await (const { process, candidates } of candidateBatches(items, runPolicy, run.host)) {
          for (const candidate of candidates) {
            await collapser.take(process, candidate);
            if (run.stopped !== undefined) return succeed(undefined);
          }
        }
        return succeed(undefined);
      },
      { signal },
    );
    return read.ok ? succeed(undefined) : read;
  } finally {
    progress.clear();
    collapser.close();
  }
}

/** Collapses ranges one by one, each after a look at the machine, the control group and the range. */
class Collapser {
  readonly #tree: KernelTree;
  readonly #open: OpenAdvisedProcess;
  readonly #run: CollapseRun;
  readonly #signal: AbortSignal;
  readonly #progress: Progress;
  #advised: { readonly of: CollapsedProcess; readonly process: AdvisedProcess | undefined } | undefined;
  #grownPages = 0;
  #collapsed = 0;
  #more: number;

  constructor(
    { kernelRoot }: Context,
    open: OpenAdvisedProcess,
    run: CollapseRun,
    signal: AbortSignal,
    progress: Progress,
  ) {
    this.#tree = new KernelTree(kernelRoot);
    this.#open = open;
    this.#run = run;
    this.#signal = signal;
    this.#progress = progress;
    this.#more = run.fitting.more;
  }

  async take(process: Process, candidate: CollapseCandidate): Promise<void> {
    this.#signal.throwIfAborted();
    if (!this.#fits(candidate)) return;
    const of = processOf(this.#run.processes, process);
    const advised = this.#processOf(of);
    if (!advised || of.left !== undefined) return;
    this.#run.stopped = memoryShortage({
      ...readMachineMemory(this.#tree),
      stalledPercent: readMemoryStall(this.#tree),
    });
    of.left = this.#groupShortage(process, candidate);
    of.shortage ??= of.left;
    if (this.#run.stopped !== undefined || of.left !== undefined) return;
    const beganMs = performance.now();
    if (this.#collapse(of, advised, candidate)) await this.#pause(beganMs);
  }

  /** Whether it is among those that grow least and fit into the growth that is left. */
  #fits({ growthPages }: CollapseCandidate): boolean {
    const { fitting, maxGrowthPages } = this.#run;
    if (this.#grownPages + growthPages > maxGrowthPages) return false;
    if (growthPages <= fitting.wholePages) return true;
    return growthPages === fitting.wholePages + 1 && this.#more-- > 0;
  }

  #processOf(of: CollapsedProcess): AdvisedProcess | undefined {
    if (this.#advised?.of === of) return this.#advised.process;
    this.close();
    const opened = this.#open(of.process);
    if (!opened.ok) of.left = opened.failure.message;
    this.#advised = { of, process: opened.ok ? opened.value : undefined };
    return this.#advised.process;
  }

  /** Whether the call was made. */
  #collapse(of: CollapsedProcess, advised: AdvisedProcess, candidate: CollapseCandidate): boolean {
    const held = advised.heldPages(candidate.address);
    if (held === undefined) {
      of.left = 'has ended';
      return false;
    }
    if (held < candidate.heldPages) {
      count(of.refused, 'changed');
      return false;
    }
    const errno = advised.collapse(candidate.address);
    if (errno === 'EPERM' || errno === 'ESRCH') {
      of.left =
        errno === 'ESRCH' ? 'has ended' : 'may not be advised by this user: that takes CAP_SYS_NICE, or root';
      return false;
    }
    if (errno !== undefined) {
      count(of.refused, errno);
      return true;
    }
    of.collapsed++;
    of.grownPages += candidate.growthPages;
    this.#grownPages += candidate.growthPages;
    this.#collapsed++;
    return true;
  }

  /** Why a range must not be collapsed within the limits of its control groups. */
  #groupShortage({ pid }: Process, candidate: CollapseCandidate): string | undefined {
    const groups = new MemoryGroupReader(this.#tree).of(this.#tree.process(pid)) ?? [];
    return groupShortage(groups, candidate, this.#run.host.geometry);
  }

  async #pause(beganMs: number): Promise<void> {
    const { fitting, bytesPerSecond, host } = this.#run;
    this.#progress.show(this.#collapsed, fitting.ranges, 'ranges collapsed');
    const shareMs = (rangeBytes(host.geometry) / bytesPerSecond) * 1000;
    const restMs = Math.max(0, shareMs - (performance.now() - beganMs));
    await sleep(restMs, undefined, { signal: this.#signal }).catch(() => {});
  }

  close(): void {
    this.#advised?.process?.close();
    this.#advised = undefined;
  }
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
