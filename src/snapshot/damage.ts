import { type Failed, type Failure, fail } from '../core/base/failure.ts';

/**
 * What is wrong with the bytes of a snapshot. Does not leave this folder: the reader turns it into a failure.
 */
export class Damage extends Error {}

/**
 * Thrown by the `items()` of a snapshot when damage shows only as its row groups are read; everything yielded
 * before was sound. Whoever consumes items catches it and reports `failure`, which has the kind `unreadable`.
 */
export class SnapshotError extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.name = 'SnapshotError';
    this.failure = failure;
  }
}

/** Damage as a failure of the file of this name; anything else is a bug and is thrown on. */
export function damageFailure(name: string, error: unknown): Failed {
  if (!(error instanceof Damage)) throw error;
  return fail('unreadable', `${name}: ${error.message}`);
}
