import { sum, sumKnown } from '../../core/base/sum.ts';
import { type Geometry, pageBytes } from '../../core/memory/geometry.ts';
import { countPages } from '../../core/memory/occupancy.ts';
import { NO_ORDERS, type OrderSet } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { MemoryItem, Process } from '../../core/rules/memory-source.ts';
import { addOtherBytes, type Eligibility, restartOrders, spanFrom, type Vma } from '../../core/rules/vma.ts';
import { type CachePrediction, CachePredictor } from '../cache/cache-prediction.ts';
import {
  assumesRegistration,
  type CollapseSurroundings,
  collapseAssumptions,
  eligibilityIn,
  type ProcessAssumption,
  registers,
  splitsAbove,
} from '../ranges/assumptions.ts';
import { FreedOriginals } from '../ranges/freed-originals.ts';
import { GroupLimits, type GroupOutcome } from '../ranges/group-limits.ts';
import { RangeCounter } from '../ranges/range-counter.ts';
import {
  addRestart,
  addTally,
  addVerdict,
  emptyTally,
  growthOf,
  machinePagesOf,
  machineRestartOf,
  type Tally,
} from '../ranges/tally.ts';
import { judgeRange, type RunPolicy, type Verdict } from '../ranges/verdict.ts';

export interface VmaPrediction {
  readonly vma: Vma;
  readonly eligibility: Eligibility;
  /** The orders that page faults may use in it when its process starts again. */
  readonly restartOrders: OrderSet;
  readonly tally: Tally;
}

export interface ProcessPrediction {
  readonly process: Process;
  readonly tally: Tally;
  /** Anonymous VMAs with any page, in address order. */
  readonly vmas: VmaPrediction[];
  /** Resident memory outside anonymous VMAs: files and shared memory, which this prediction leaves out. */
  otherBytes: number | undefined;
  /**
   * Resident anonymous memory that the kernel's THPeligible judges otherwise than the settings asked about.
   */
  disputedBytes: number;
  /** Resident memory that prctl "except advised" might forbid to become huge, unseen. */
  uncheckedBytes: number;
  /** Pages that are shared, and the source does not tell which pages they are. */
  unnamedSharedPages: number;
  /** Whether its memory puts it on khugepaged's list under the settings in force. */
  isRegistered: boolean;
  /** What is taken for granted about the process as a whole. */
  assumed: readonly ProcessAssumption[];
}

export interface Prediction {
  readonly total: Tally;
  readonly processes: ProcessPrediction[];
  /**
   * Resident memory of all of them outside anonymous VMAs; undefined where it is not known of all.
   */
  otherBytes: number | undefined;
  /** What the limits of control groups let happen. */
  readonly limits: GroupOutcome[];
  /**
   * Pages of zeros beyond which reclaim splits a PMD-order folio; undefined where it never does, or unknown.
   */
  readonly splitsAbove: number | undefined;
  /** Shared memory and files; undefined where the source says nothing of them. */
  cache: CachePrediction | undefined;
  readonly skipped: Extract<MemoryItem, { kind: 'skipped' }>[];
  readonly notes: string[];
}

export interface PredictionOptions {
  /** By default memory of no machine: nothing is assumed about its surroundings. */
  readonly surroundings?: CollapseSurroundings;
  /**
   * Called for each range in order, before it is forgotten. Then each is planned on its own; without it most
   * are counted, in a tenth of the time and with the same result.
   */
  readonly onVerdict?: (
    process: Process,
    verdict: Verdict,
    vma: Pick<VmaPrediction, 'vma' | 'restartOrders'>,
  ) => void;
  /** Runs the planning of each batch of ranges, for searches that may have to be ended. */
  readonly inStep?: ((step: () => void) => void) | undefined;
  /** Awaited after each batch of ranges, so that a slow consumer holds the source back. */
  readonly onBatch?: () => Promise<void> | undefined;
}

/**
 * Predicts all memory that a source hands out. Ranges are judged one at a time and not kept, so memory use
 * depends on the number of processes and VMAs only.
 */
export async function predictMemory(
  items: AsyncIterable<MemoryItem>,
  geometry: Geometry,
  runPolicy: RunPolicy,
  options: PredictionOptions = {},
): Promise<Prediction> {
  const prediction: Prediction = {
    total: emptyTally(geometry),
    processes: [],
    otherBytes: undefined,
    limits: [],
    cache: undefined,
    splitsAbove: options.surroundings && splitsAbove(options.surroundings, runPolicy.settings, geometry),
    skipped: [],
    notes: [],
  };
  const limits = new GroupLimits();
  const freed = new FreedOriginals();
  const cache = new CachePredictor(geometry, runPolicy);
  const counter = options.onVerdict ? undefined : new RangeCounter(geometry, runPolicy);
  const { inStep = (step) => step() } = options;
  const addRanges = ({ ranges, vma, process, tally }: Batch) => {
    // Of collapses in limited groups each is charged on its own.
    const count = process.process.memoryGroups?.length ? undefined : counter;
    for (const range of ranges) {
      if (count?.add(tally, range, vma)) {
        process.unnamedSharedPages += unnamedSharedPages(range);
        continue;
      }
      const verdict = judgeWithin(range, vma, process.process, runPolicy, limits);
      addVerdict(tally, verdict);
      const span = spanFrom(vma.vma, range.address, geometry);
      addRestart(tally, range, span, vma.restartOrders);
      tally.freedSharedPages += freed.add(verdict);
      process.unnamedSharedPages += unnamedSharedPages(range);
      options.onVerdict?.(process.process, verdict, vma);
    }
  };
  let process: ProcessPrediction | undefined;
  let vma: Omit<VmaPrediction, 'tally'> | undefined;
  let tally: Tally | undefined;
  for await (const item of items) {
    switch (item.kind) {
      case 'process':
        process = {
          process: item.process,
          tally: emptyTally(geometry),
          vmas: [],
          otherBytes: undefined,
          disputedBytes: 0,
          uncheckedBytes: 0,
          unnamedSharedPages: 0,
          isRegistered: false,
          assumed: [],
        };
        vma = undefined;
        tally = undefined;
        prediction.processes.push(process);
        break;
      case 'vma':
        if (!process) throw new Error('a source opened a VMA before a process');
        vma = openVma(item.vma, process, geometry, runPolicy, options.surroundings);
        tally = undefined;
        cache.addVma(process.process, item.vma);
        break;
      case 'file':
        cache.openFile(item.file);
        break;
      case 'cache-ranges':
        cache.addRanges(item.ranges);
        break;
      case 'ranges':
        if (!process || !vma) throw new Error('a source sent ranges outside of a VMA');
        if (!tally) {
          // Most VMAs have no range at all: a tally each would cost more than the rest of them.
          tally = emptyTally(geometry);
          if (vma.vma.anonymous) process.vmas.push({ ...vma, tally });
        }
        const batch = { ranges: item.ranges, vma, process, tally };
        inStep(() => addRanges(batch));
        await options.onBatch?.();
        break;
      case 'skipped':
        prediction.skipped.push(item);
        break;
      case 'note':
        prediction.notes.push(item.message);
        break;
    }
  }
  prediction.cache = cache.result();
  prediction.otherBytes = sumKnown(prediction.processes.map(({ otherBytes }) => otherBytes));
  const isFamily = prediction.processes.length > 1;
  for (const each of prediction.processes) {
    for (const { tally } of each.vmas) addTally(each.tally, tally);
    if (options.surroundings)
      each.assumed = processAssumptions(each, isFamily, options.surroundings, runPolicy, geometry);
    addTally(prediction.total, each.tally);
    const grown = sum(machineRestartOf(each.tally).pagesByOrder) - machinePagesOf(each.tally);
    limits.addRestart(each.process, grown * pageBytes(geometry));
  }
  prediction.limits.push(...limits.outcomes());
  return prediction;
}

/** Ranges that were handed out together, and where they belong. */
interface Batch {
  readonly ranges: readonly RangeState[];
  readonly vma: Omit<VmaPrediction, 'tally'>;
  readonly process: ProcessPrediction;
  readonly tally: Tally;
}

/** What becomes of a range within the limits of control groups: growth without room is a failure. */
export function judgeWithin(
  range: RangeState,
  { vma, eligibility }: Pick<VmaPrediction, 'vma' | 'eligibility'>,
  process: Process,
  runPolicy: RunPolicy,
  limits: GroupLimits,
): Verdict {
  const verdict = judgeRange(range, vma, eligibility, runPolicy);
  const failing = limits.charge(process, verdict);
  if (!failing) return verdict;
  const outcomes = [...runPolicy.outcomes, failing];
  return judgeRange(range, vma, eligibility, { ...runPolicy, outcomes });
}

/** What is taken for granted about a process: of collapses, if any is tried, and of what it shares. */
function processAssumptions(
  { process, tally, uncheckedBytes, unnamedSharedPages, isRegistered }: ProcessPrediction,
  hasOthers: boolean,
  surroundings: CollapseSurroundings,
  { settings }: RunPolicy,
  geometry: Geometry,
): ProcessAssumption[] {
  const isAssumed = !isRegistered && assumesRegistration(surroundings, settings, geometry);
  return [
    ...(tally.attempts > 0 || growthOf(tally) > 0
      ? collapseAssumptions(process, uncheckedBytes, isAssumed, surroundings)
      : []),
    ...(hasOthers && unnamedSharedPages > 0 ? ['sharing' as const] : []),
  ];
}

/** What is taken for granted about any process as a whole, each once. */
export function assumptionsOf({ processes }: Prediction): ReadonlySet<ProcessAssumption> {
  return new Set(processes.flatMap(({ assumed }) => assumed));
}

function unnamedSharedPages({ facts: { shared }, sharedRuns }: RangeState): number {
  return shared && !sharedRuns ? countPages(shared) : 0;
}

function openVma(
  vma: Vma,
  process: ProcessPrediction,
  geometry: Geometry,
  runPolicy: RunPolicy,
  surroundings: CollapseSurroundings | undefined,
): Omit<VmaPrediction, 'tally'> {
  const of = eligibilityIn(vma, process.process, runPolicy, geometry, surroundings);
  const byFlags = of.byFlags.ineligible === undefined;
  const { settings, model } = runPolicy;
  const ofFaults = restartOrders(vma, settings, model, geometry, process.process.thpDisabled);
  process.otherBytes = addOtherBytes(process.otherBytes, vma);
  if (vma.anonymous && vma.thpEligible !== undefined && vma.thpEligible !== byFlags)
    process.disputedBytes += vma.rssBytes;
  if (surroundings)
    process.isRegistered ||= registers(vma, process.process, surroundings, runPolicy.model, geometry);
  if (of.isUnchecked) process.uncheckedBytes += vma.rssBytes;
  // prctl "except advised" forbids it to page faults, too.
  const isForbidden = of.eligibility.ineligible === 'smaps';
  return { vma, eligibility: of.eligibility, restartOrders: isForbidden ? NO_ORDERS : ofFaults };
}
