import { actionAfter, type ScanResult } from '../../core/rules/scan-result.ts';
import type { CheckedAlgorithm } from '../checked-algorithm.ts';
import type { EqualityProof } from './equality-proof.ts';
import type { PropertyProof, PropertyProofRun } from './property-proof.ts';

/**
 * Proves that two searches attempt the same windows, in whatever order, by what is proved of each alone. One
 * that misses no window, steps over what is done with, and attempts only what qualifies, once, attempts a
 * window exactly if it qualifies and no window around it ended in what leads past it: so whatever is found,
 * two such searches attempt the same. That does not hold where a result ends the search, or where nobody says
 * how it goes on.
 */
export class SameWindowsRun {
  readonly #names: readonly string[];
  readonly #runs: readonly PropertyProofRun[];
  readonly #ends: ScanResult | undefined;

  constructor(
    algorithms: readonly CheckedAlgorithm[],
    runs: readonly PropertyProofRun[],
    results: readonly ScanResult[],
  ) {
    this.#names = algorithms.map(({ name }) => name);
    this.#runs = runs;
    this.#ends = results.find((result) => actionAfter(result) === 'stop');
  }

  *run(): Generator<number> {
    if (this.#ends === undefined) for (const run of this.#runs) yield* run.run();
  }

  result(): EqualityProof {
    const proofs = this.#ends === undefined ? this.#runs.map((run) => run.result()) : [];
    const failed = proofs.findIndex(({ proved }) => !proved);
    const stopped =
      this.#ends !== undefined
        ? `after ${this.#ends} nobody says how a search goes on: name the results with --results`
        : failed < 0
          ? undefined
          : `of ${this.#names[failed]} it is not proved that it keeps to the properties`;
    return {
      proved: stopped === undefined,
      sameness: 'set',
      gone: stopped === undefined ? goneTogether(proofs) : [],
      parting: undefined,
      found: undefined,
      onlyFree: false,
      stopped,
    };
  }
}

function goneTogether(proofs: readonly PropertyProof[]): EqualityProof['gone'] {
  return proofs[0].gone.map(({ pmdOrder, sets }, i) => {
    const states = proofs.reduce((sum, { gone }) => sum + gone[i].states, 0);
    return { pmdOrder, sets, states };
  });
}
