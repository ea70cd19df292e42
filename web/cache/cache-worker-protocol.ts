import type { CachePrediction } from '../../src/analysis/cache/cache-prediction.ts';
import type { Result } from '../../src/core/base/failure.ts';
import type { PolicyChoice } from '../policy/choice.ts';
import type { CacheChoice } from './cache-choice.ts';

/** The worker that holds the page cache of what is open: it reads the source for itself. */
export interface CacheWorker {
  /** Reads a source in place of the one before; undefined if another call came meanwhile. */
  open(source: Blob | string, name: string): Promise<Result<void> | undefined>;
  /** What settings do to it; undefined where the source says nothing of it, or before it is read. */
  predict(choice: PolicyChoice, cacheChoice: CacheChoice): Promise<CachePrediction | undefined>;
}
