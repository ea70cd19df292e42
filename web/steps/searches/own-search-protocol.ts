import type { Result } from '../../../src/core/base/failure.ts';
import type { StepsState } from '../steps-state.ts';
import type { RunSteps } from './search-run.ts';

/** The worker that a module of the user's runs in. */
export interface OwnSearchWorker {
  /** Whether the module exports a search. */
  load(name: string): Promise<Result<void>>;
  /** Searches the range of a state, once the module is loaded. */
  search(state: StepsState): Promise<RunSteps>;
}
