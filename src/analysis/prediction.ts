import type { Failure } from '../core/base/failure.ts';
import type { Geometry } from '../core/memory/geometry.ts';
import type { MemoryItem, Process } from '../core/rules/memory-source.ts';
import { type Eligibility, possibleOrders, type Vma } from '../core/rules/vma.ts';
import { addTally, addVerdict, emptyTally, type Tally } from './tally.ts';
import { judgeRange, type RunPolicy, type Verdict } from './verdict.ts';

export interface VmaPrediction {
  readonly vma: Vma;
  readonly eligibility: Eligibility;
  readonly tally: Tally;
}

export interface ProcessPrediction {
  readonly process: Process;
  readonly tally: Tally;
  /** Anonymous VMAs with any page, in address order. */
  readonly vmas: VmaPrediction[];
  /** Resident memory outside anonymous VMAs: files and shared memory, which this prediction leaves out. */
  otherBytes: number;
  /**
   * Resident anonymous memory that the kernel's THPeligible judges otherwise than the settings asked about.
   */
  disputedBytes: number;
}

export interface Prediction {
  readonly total: Tally;
  readonly processes: ProcessPrediction[];
  readonly skipped: { readonly pid: number; readonly failure: Failure }[];
  readonly notes: string[];
}

export interface PredictionListener {
  /** Called for each range in order, before it is forgotten. */
  readonly onVerdict?: (process: Process, verdict: Verdict) => void;
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
  listener: PredictionListener = {},
): Promise<Prediction> {
  const prediction: Prediction = { total: emptyTally(geometry), processes: [], skipped: [], notes: [] };
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
          otherBytes: 0,
          disputedBytes: 0,
        };
        vma = undefined;
        tally = undefined;
        prediction.processes.push(process);
        break;
      case 'vma':
        if (!process) throw new Error('a source opened a VMA before a process');
        vma = openVma(item.vma, process, geometry, runPolicy);
        tally = undefined;
        break;
      case 'ranges':
        if (!process || !vma) throw new Error('a source sent ranges outside of a VMA');
        if (!tally) {
          // Most VMAs have no range at all: a tally each would cost more than the rest of them.
          tally = emptyTally(geometry);
          if (vma.vma.anonymous) process.vmas.push({ ...vma, tally });
        }
        for (const range of item.ranges) {
          const verdict = judgeRange(range, vma.vma, vma.eligibility, runPolicy);
          addVerdict(tally, verdict);
          listener.onVerdict?.(process.process, verdict);
        }
        await listener.onBatch?.();
        break;
      case 'skipped':
        prediction.skipped.push({ pid: item.pid, failure: item.failure });
        break;
      case 'note':
        prediction.notes.push(item.message);
        break;
    }
  }
  for (const each of prediction.processes) {
    for (const { tally } of each.vmas) addTally(each.tally, tally);
    addTally(prediction.total, each.tally);
  }
  return prediction;
}

function openVma(
  vma: Vma,
  process: ProcessPrediction,
  geometry: Geometry,
  { settings, model }: RunPolicy,
): Omit<VmaPrediction, 'tally'> {
  const eligibility = possibleOrders(vma, settings, model, geometry, process.process.thpDisabled);
  const eligible = eligibility.ineligible === undefined;
  if (!vma.anonymous) process.otherBytes += vma.rssBytes;
  else if (vma.thpEligible !== undefined && vma.thpEligible !== eligible)
    process.disputedBytes += vma.rssBytes;
  return { vma, eligibility };
}
