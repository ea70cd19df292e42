import type { Geometry } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { Vma } from '../../core/rules/vma.ts';
import { judgeWithin } from '../prediction/prediction.ts';
import {
  assumesRegistration,
  type CollapseSurroundings,
  eligibilityIn,
  registers,
} from '../ranges/assumptions.ts';
import { GroupLimits } from '../ranges/group-limits.ts';
import type { RunPolicy, Verdict } from '../ranges/verdict.ts';

/** What is asked of the earlier of two readings. */
export interface ForetoldUnder {
  readonly runPolicy: RunPolicy;
  /** The machine at the earlier reading, and at the later one. */
  readonly surroundings: CollapseSurroundings;
  readonly laterSurroundings: CollapseSurroundings;
}

/** What is predicted of a range of a process at one of the readings. */
export type Judge = (range: RangeState, vma: Vma) => Verdict;

/** Predicts from two readings of memory, process by process: each has limits of control groups of its own. */
export class Foreteller {
  readonly #under: ForetoldUnder;
  readonly #geometry: Geometry;
  readonly #limits = new GroupLimits();
  readonly #laterLimits = new GroupLimits();

  constructor(under: ForetoldUnder, geometry: Geometry) {
    this.#under = under;
    this.#geometry = geometry;
  }

  /** Judges ranges of a process as it was. */
  judgeOf(process: Process): Judge {
    return this.#judgeIn(process, this.#under.surroundings, this.#limits);
  }

  /** Judges ranges of a process as it is at the later reading. */
  laterJudgeOf(process: Process): Judge {
    return this.#judgeIn(process, this.#under.laterSurroundings, this.#laterLimits);
  }

  /** Whether memory in these VMAs has put its process on khugepaged's list. */
  isListed(process: Process, vmas: readonly { readonly vma: Vma }[]): boolean {
    const { surroundings, runPolicy } = this.#under;
    return (
      !assumesRegistration(surroundings, runPolicy.settings, this.#geometry) ||
      vmas.some(({ vma }) => registers(vma, process, surroundings, runPolicy.model, this.#geometry))
    );
  }

  #judgeIn(process: Process, surroundings: CollapseSurroundings, limits: GroupLimits): Judge {
    const { runPolicy } = this.#under;
    return (range, vma) => {
      const { eligibility } = eligibilityIn(vma, process, runPolicy, this.#geometry, surroundings);
      return judgeWithin(range, { vma, eligibility }, process, runPolicy, limits);
    };
  }
}
