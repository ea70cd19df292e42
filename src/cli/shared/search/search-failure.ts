import type { Failure } from '../../../core/base/failure.ts';
import { FaultError } from '../../../verify/algorithm-fault.ts';
import type { CheckedAlgorithm } from '../../../verify/checked-algorithm.ts';
import { isCFile } from '../c-walk/c-file.ts';
import { HangError, withDeadline } from './deadline.ts';

/**
 * What a search did that none may do, where it is not examined but used; undefined of any other error. Of C
 * it says how to see the smallest case.
 */
export function searchFailure(error: unknown, names: readonly string[]): Failure | undefined {
  if (!(error instanceof FaultError) && !(error instanceof HangError)) return undefined;
  const file = names.find(isCFile);
  const more = file === undefined ? '' : `; 'thpscope verify ${file}' shows the smallest case`;
  return { kind: 'unreadable', message: error.message + more };
}

/** The same algorithm, ended with a HangError that names it after `timeout` milliseconds. */
export function bounded(checked: CheckedAlgorithm, timeout: number): CheckedAlgorithm {
  const supervision = new Supervision(timeout);
  const { name, algorithm, model } = supervision.of(checked);
  const { scan, collapse } = algorithm;
  return {
    name,
    model,
    algorithm: {
      name,
      ...(scan && { scan: (...asked) => supervision.run(() => scan(...asked)) }),
      collapse: (...asked) => supervision.run(() => collapse(...asked)),
    },
  };
}

/** Searches of other people under one deadline: starting the clock takes longer than most searches. */
export class Supervision {
  readonly #timeout: number;
  #asked = '';

  /** Steps may take so many milliseconds. */
  constructor(timeout: number) {
    this.#timeout = timeout;
  }

  /** The same algorithm, for use in steps. */
  of({ name, algorithm, model }: CheckedAlgorithm): CheckedAlgorithm {
    const { scan } = algorithm;
    const asking =
      <Asked extends unknown[], Answer>(search: (...asked: Asked) => Answer) =>
      (...asked: Asked) => {
        this.#asked = name;
        return search(...asked);
      };
    return {
      name,
      model,
      algorithm: {
        name,
        ...(scan && { scan: asking((range, policy) => scan.call(algorithm, range, policy)) }),
        collapse: asking((...asked) => algorithm.collapse(...asked)),
      },
    };
  }

  /** Runs a step that asks them; where one does not come back in time, a HangError names it. */
  run<T>(step: () => T): T {
    try {
      return withDeadline(this.#timeout, step);
    } catch (error) {
      if (error instanceof HangError) throw new HangError(`${this.#asked} does not come back`);
      throw error;
    }
  }
}
