import { existsSync } from 'node:fs';
import { fail, failWith, type Result } from '../../../core/base/failure.ts';
import type { CollapseAlgorithm } from '../../../core/search/algorithm.ts';
import { ALGORITHM_NAMES } from '../../../core/search/algorithm-names.ts';
import { ALGORITHMS } from '../../../core/search/algorithms.ts';
import type { Context } from '../context.ts';
import type { CFlags } from '../flags/c-flags.ts';
import { SearchError, startSearch } from './search-in-thread.ts';

/**
 * Does work with the algorithm that is asked for, if one is; a file's runs in a thread of its own, and what
 * it may not do becomes the failure of the work.
 */
export async function withAskedSearch<T>(
  context: Context,
  { algorithm: name, ...cFlags }: CFlags & { readonly algorithm?: string },
  work: (algorithm: CollapseAlgorithm | undefined) => Promise<Result<T>>,
): Promise<Result<T>> {
  if (name === undefined) return work(undefined);
  const builtIn = ALGORITHM_NAMES.find((each) => each === name);
  if (builtIn) return work(ALGORITHMS[builtIn]);
  if (!existsSync(name)) {
    return fail('usage', `--algorithm ${name}: neither a file nor one of ${ALGORITHM_NAMES.join(', ')}`);
  }
  const search = await startSearch(context, name, cFlags);
  if (!search.ok) return search;
  try {
    return await work(search.value.algorithm);
  } catch (error) {
    if (!(error instanceof SearchError)) throw error;
    // A thread that died is only silent while it is waited for.
    return failWith((await search.value.stop()) ?? error.failure);
  } finally {
    await search.value.stop();
  }
}
