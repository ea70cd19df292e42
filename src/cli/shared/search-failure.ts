import type { Failure } from '../../core/base/failure.ts';
import { FaultError } from '../../verify/algorithm-fault.ts';
import type { CheckedAlgorithm } from '../../verify/checked-algorithm.ts';
import { isCFile } from './c-walk/c-file.ts';
import { HangError, withDeadline } from './deadline.ts';

/**
 * What a search did that none may do, where it is not examined but used; undefined of any other error. Of C
 * it says how to see the smallest case.
 */
export function searchFailure(error: unknown, names: readonly string[]): Failure | undefined {
  if (!(error instanceof FaultError) && !(error instanceof HangError)) return undefined;
  const file = names.find(isCFile);
  if (file === undefined) return { kind: 'unreadable', message: error.message };
  return { kind: 'usage', message: `${error.message}; 'thpscope verify ${file}' shows the smallest case` };
}

/** The same algorithm, ended with a HangError that names it after `timeout` milliseconds. */
export function bounded({ name, algorithm, model }: CheckedAlgorithm, timeout: number): CheckedAlgorithm {
  return {
    name,
    model,
    algorithm: {
      name,
      collapse: (...asked) => {
        try {
          return withDeadline(timeout, () => algorithm.collapse(...asked));
        } catch (error) {
          if (error instanceof HangError) throw new HangError(`${name} does not come back`);
          throw error;
        }
      },
    },
  };
}
