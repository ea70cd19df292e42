import { type Advice, Adviser } from '../../src/analysis/advise.ts';
import type { PolicyBudget } from '../../src/analysis/choose-policy.ts';
import type { DigestQuery } from '../../src/analysis/digest-query.ts';
import {
  apartStates,
  type ClassDigest,
  type MemoryDigest,
  type SourceDigest,
  VMA_CLASSES,
} from '../../src/analysis/memory-digest.ts';
import { paretoFront, type SweptResult } from '../../src/analysis/pareto.ts';
import { memoryTlbEntries } from '../../src/analysis/policy-worth.ts';
import {
  blockLength,
  policyCount,
  type SweepSpace,
  sweepBlock,
  sweepBlocks,
} from '../../src/analysis/sweep.ts';
import { adviceSpace } from '../../src/analysis/sweep-space.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { CollapseLimits } from '../../src/core/rules/policy.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import type { TlbReach } from '../../src/core/rules/tlb-reach.ts';
import { blindSpots, tightGroupLines } from '../../src/render/words/advise-view.ts';
import { choiceOf, type PolicyChoice } from '../policy/choice.ts';
import { pointsOf, type SweepPoints } from './sweep-points.ts';

/** What is the same for all policies of a sweep. The model is one that digests answer for. */
export interface SweepQuestion extends Pick<CollapseLimits, 'maxPtesSwap' | 'maxPtesShared'> {
  readonly model: KernelModelName;
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
  readonly front: readonly SweptResult[];
  readonly points: SweepPoints;
}

/** What to do for a budget, and what it rests on. */
export interface SweptAdvice {
  readonly advice: Advice;
  readonly budget: PolicyBudget;
  /** What is advised, as the panel shows it. */
  readonly choice: PolicyChoice;
  readonly residentPages: number;
  readonly hugePages: number;
  /** TLB entries of the memory as it is, and what counts them. */
  readonly tlbEntries: number;
  readonly reach: TlbReach;
  /** What it cannot know or promise, a sentence each. */
  readonly blindSpots: readonly string[];
}

/** Policies between two pauses, times the states that are walked for each: some milliseconds. */
const STEP = 8192;

interface Held {
  readonly swept: SweptMemory;
  readonly question: SweepQuestion;
  readonly space: SweepSpace;
  readonly values: Float64Array;
}

/** Asks about all policies, one sweep at a time, and keeps the answers of the last one. */
export class Sweeper {
  #turn = 0;
  #held: Held | undefined;

  /** Undefined if another sweep was begun before this one's end. `pause` lets others have their turn. */
  async sweep(
    swept: SweptMemory,
    question: SweepQuestion,
    pause: () => Promise<void>,
    onProgress: (share: number) => void,
  ): Promise<Sweep | undefined> {
    const turn = ++this.#turn;
    const { memory } = swept.query;
    const space = allPolicies(memory, question);
    const length = blockLength(space);
    const blocks = sweepBlocks(space);
    const values = new Float64Array(length * blocks);
    const step = Math.max(1, Math.floor(STEP / (space.maxPtesNone.length + 64 * apartStates(memory))));
    for (let block = 0; block < blocks; block++) {
      if (block % step === 0) {
        onProgress(block / blocks);
        await pause();
        if (turn !== this.#turn) return undefined;
      }
      sweepBlock(swept.query, space, block, values.subarray(length * block, length * (block + 1)));
    }
    this.#held = { swept, question, space, values };
    return {
      space,
      policies: policyCount(space),
      residentPages: memory.residentPages,
      front: paretoFront(space, values),
      points: pointsOf(space, values),
    };
  }

  /** What to do about the memory of the last sweep within a budget; undefined where there was none. */
  advise(budget: PolicyBudget): SweptAdvice | undefined {
    if (!this.#held) return undefined;
    const { swept, question, space, values } = this.#held;
    const { memory } = swept.query;
    const model = KERNEL_MODELS[question.model];
    const base = swept.source.host.settings ?? defaultSettings(memory.geometry);
    const advice = new Adviser(swept.source, model, base, space, values).advise(budget);
    const { settings } = advice.advised;
    return {
      advice,
      budget,
      choice: choiceOf(settings, memory.geometry, question.model),
      residentPages: memory.residentPages,
      hugePages: memory.hugePages,
      tlbEntries: memoryTlbEntries(memory),
      reach: swept.source.reach,
      blindSpots: [
        ...tightGroupLines(advice.advised.tight, memory.geometry),
        ...blindSpots({ source: swept.source, memory, model, advised: advice.advised }),
      ],
    };
  }
}

/** For advised memory alone too, where there is both kinds. */
function allPolicies(memory: MemoryDigest, question: SweepQuestion): SweepSpace {
  const holdsAny = ({ table, apart }: ClassDigest) => table.rows.size + apart.size > 0;
  const isMixed = VMA_CLASSES.every((name) => holdsAny(memory.classes[name]));
  return adviceSpace(
    memory,
    KERNEL_MODELS[question.model],
    isMixed ? ['always', 'madvise'] : ['always'],
    question,
  );
}
