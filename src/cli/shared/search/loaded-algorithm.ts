import type { Result } from '../../../core/base/failure.ts';
import type { CheckedAlgorithm } from '../../../verify/checked-algorithm.ts';

/** An algorithm as it was loaded. */
export interface LoadedAlgorithm extends CheckedAlgorithm {
  /** The same, loaded anew: nothing is kept of ranges before. Undefined where nothing can be. */
  readonly again?: () => Promise<Result<CheckedAlgorithm>>;
}
