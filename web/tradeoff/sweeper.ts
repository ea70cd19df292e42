import { type Advice, Adviser } from '../../src/analysis/advice/advise.ts';
import type { PolicyBudget } from '../../src/analysis/advice/choose-policy.ts';
import type { DigestQuery } from '../../src/analysis/digest/digest-query.ts';
import {
  apartStates,
  type ClassDigest,
  type MemoryDigest,
  machinePages,
  type SourceDigest,
  VMA_CLASSES,
} from '../../src/analysis/digest/memory-digest.ts';
import { memoryTlbEntries } from '../../src/analysis/digest/policy-worth.ts';
import { type FrontAxes, paretoFront, type SweptResult } from '../../src/analysis/sweep/pareto.ts';
import { blockLength, policyCount, type SweepSpace, sweepBlocks } from '../../src/analysis/sweep/sweep.ts';
import { adviceSpace } from '../../src/analysis/sweep/sweep-space.ts';
import { NO_ORDERS } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { CollapseLimits } from '../../src/core/rules/policy.ts';
import { defaultSettings, type ThpSettings } from '../../src/core/rules/thp-settings.ts';
import type { TlbReach } from '../../src/core/rules/tlb-reach.ts';
import { blindSpots, groupLines } from '../../src/render/words/advise/advise-view.ts';
import { sharedByFork } from '../../src/render/words/shared-by-fork.ts';
import { choiceOf, type PolicyChoice } from '../policy/choice.ts';
import { type BlockSweeper, sweepBlocksOf } from './sweep-blocks.ts';
import { pointsOf, type SweepPoints } from './sweep-points.ts';

/** What is the same for all policies of a sweep. The model is one that digests answer for. */
export interface SweepQuestion extends Pick<CollapseLimits, 'maxPtesSwap' | 'maxPtesShared'> {
  readonly model: KernelModelName;
  readonly axes: FrontAxes;
}

/** Memory that was read to its end. */
export interface SweptMemory {
  readonly source: SourceDigest;
  /** Asks about all of it together. */
  readonly query: DigestQuery;
}

/** What all policies do to the open memory, as far as pictures need it. Pages are base pages. */
export interface Sweep {
  readonly space: SweepSpace;
  readonly policies: number;
  readonly residentPages: number;
  /** The same, what processes share by fork counted once: budgets are shares of it. */
  readonly machinePages: number;
  /** TLB entries of the memory as it is. */
  readonly tlbEntries: number;
  readonly axes: FrontAxes;
  readonly front: readonly SweptResult[];
  readonly points: SweepPoints;
}

/** What to do for a budget, and what it rests on. */
export interface SweptAdvice {
  readonly advice: Advice;
  readonly budget: PolicyBudget;
  /** What is advised, as the panel shows it. */
  readonly choice: PolicyChoice;
  /** Resident pages, what processes share by fork counted once. */
  readonly machinePages: number;
  readonly hugePages: number;
  /** TLB entries of the memory as it is, and what counts them. */
  readonly tlbEntries: number;
  readonly reach: TlbReach;
  /** What it cannot know or promise, a sentence each. */
  readonly blindSpots: readonly string[];
}

/** Policies between two pauses, times the states that are walked for each: some milliseconds. */
const STEP = 8192;
/** Sets of sizes times states that are walked, from which on more workers are worth their start. */
const WALKS_FOR_WORKERS = 4000;
/** Pieces for each worker: enough that they end together, and that a new sweep need not wait long. */
const PIECES = 16;

interface Held {
  readonly swept: SweptMemory;
  readonly question: SweepQuestion;
  readonly base: ThpSettings;
  /** The policies that advice chooses among. */
  readonly space: SweepSpace;
  readonly values: Float64Array;
}

/** Asks about all policies, one sweep at a time, and keeps the answers of the last one. */
export class Sweeper {
  readonly #workers: () => Promise<readonly BlockSweeper[]>;
  #turn = 0;
  #held: Held | undefined;

  /** `workers` are asked for once many ranges are walked under each policy; there may be none. */
  constructor(workers: () => Promise<readonly BlockSweeper[]> = async () => []) {
    this.#workers = workers;
  }

  /** Undefined if another sweep was begun before this one's end. `pause` lets others have their turn. */
  async sweep(
    swept: SweptMemory,
    question: SweepQuestion,
    pause: () => Promise<void>,
    onProgress: (share: number) => void,
  ): Promise<Sweep | undefined> {
    const turn = ++this.#turn;
    const { memory } = swept.query;
    const base = settingsAsked(swept, question);
    const ofAdvice = adviceSpace(memory, KERNEL_MODELS[question.model], ['always'], base);
    const space = allPolicies(memory, ofAdvice);
    // Where nothing asks for huge pages, what such memory keeps changes no policy.
    const isSame = space.enabled.length === 1 && !holdsAny(memory.classes.hugepage);
    const states = apartStates(memory);
    const isLong = states * sweepBlocks(space) >= WALKS_FOR_WORKERS;
    const workers = isLong ? await this.#workers() : [];
    const sweepAll = async (each: SweepSpace, from: number, share: number) => {
      const blocks = sweepBlocks(each);
      const into = new Float64Array(blockLength(each) * blocks);
      const step =
        workers.length > 0
          ? Math.ceil(blocks / (PIECES * workers.length))
          : Math.max(1, Math.floor(STEP / (each.maxPtesNone.length + 64 * states)));
      let next = 0;
      let done = 0;
      /** Takes the next blocks until none are left; false where another sweep was begun. */
      const work = async (sweepPart: BlockSweeper['sweep']) => {
        while (next < blocks) {
          const [first, end] = [next, Math.min(blocks, next + step)];
          next = end;
          onProgress(from + (share * done) / blocks);
          const part = await sweepPart(first, end);
          if (turn !== this.#turn) return false;
          into.set(part, blockLength(each) * first);
          done += end - first;
        }
        return true;
      };
      if (workers.length > 0) {
        await Promise.all(workers.map((worker) => worker.begin(memory, each)));
        const ended = await Promise.all(workers.map((worker) => work((...part) => worker.sweep(...part))));
        return ended.every(Boolean) ? into : undefined;
      }
      const here = async (first: number, end: number) => {
        await pause();
        return turn === this.#turn ? sweepBlocksOf(swept.query, each, first, end) : new Float64Array(0);
      };
      return (await work(here)) ? into : undefined;
    };
    const values = await sweepAll(space, 0, isSame ? 1 : 0.5);
    const adviceValues = isSame ? values : values && (await sweepAll(ofAdvice, 0.5, 0.5));
    if (!values || !adviceValues) return undefined;
    this.#held = { swept, question, base, space: isSame ? space : ofAdvice, values: adviceValues };
    return {
      space,
      policies: policyCount(space),
      residentPages: memory.residentPages,
      machinePages: machinePages(memory),
      tlbEntries: memoryTlbEntries(memory),
      axes: question.axes,
      front: paretoFront(space, values, question.axes),
      points: pointsOf(space, values, question.axes),
    };
  }

  /** What to do about the memory of the last sweep within a budget; undefined where there was none. */
  advise(budget: PolicyBudget): SweptAdvice | undefined {
    if (!this.#held) return undefined;
    const { swept, question, base, space, values } = this.#held;
    const { memory } = swept.query;
    const model = KERNEL_MODELS[question.model];
    const advice = new Adviser({ source: swept.source, memory, model, base, space, values }).advise(budget);
    const { settings } = advice.advised;
    return {
      advice,
      budget,
      choice: choiceOf(settings, memory.geometry, question.model),
      machinePages: machinePages(memory),
      hugePages: memory.hugePages,
      tlbEntries: memoryTlbEntries(memory),
      reach: swept.source.reach,
      blindSpots: [
        ...sharedByFork(memory, swept.source.processes.length),
        ...groupLines(advice, memory.geometry),
        ...blindSpots({ source: swept.source, memory, model, advised: advice.advised, leave: advice.leave }),
      ],
    };
  }
}

/** The settings that advice starts from. */
function settingsAsked({ source, query }: SweptMemory, question: SweepQuestion): ThpSettings {
  const { maxPtesSwap, maxPtesShared } = question;
  return { ...(source.host.settings ?? defaultSettings(query.memory.geometry)), maxPtesSwap, maxPtesShared };
}

/** What the chart shows: for advised memory alone too, where there is both kinds. */
function allPolicies({ classes }: MemoryDigest, ofAdvice: SweepSpace): SweepSpace {
  const isMixed = VMA_CLASSES.every((name) => holdsAny(classes[name]));
  return { ...ofAdvice, kept: NO_ORDERS, enabled: isMixed ? ['always', 'madvise'] : ['always'] };
}

function holdsAny({ table, blocked, apart }: ClassDigest): boolean {
  return table.rows.size + blocked.rows.size + apart.size > 0;
}
