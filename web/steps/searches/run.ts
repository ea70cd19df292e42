import type { StepsState } from '../steps-state.ts';
import { noSteps, type RunSteps, searchSteps } from './search-run.ts';
import { SEARCHES, type Search } from './searches.ts';

/** One search of the range, step by step. */
export interface SearchRun extends RunSteps {
  readonly search: Pick<Search, 'name' | 'kind'>;
}

/** Searches the range of a state in the way of one of its columns. */
export function runSearch(state: StepsState, name: string): SearchRun {
  const search = SEARCHES.get(name);
  if (!search) throw new Error(`no search is named ${name}`);
  return { search, ...searchSteps(state, search) };
}

/** A run of a search whose steps are not known, and why. */
export function unknownRun(state: StepsState, search: SearchRun['search'], why: string): SearchRun {
  return { search, ...noSteps(state, why) };
}
