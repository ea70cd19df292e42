/**
 * What kind of expected failure this is; the command line turns it into an exit code.
 * - usage: the caller asked for something that cannot be meant
 * - permission: this user may not see it
 * - unsupported: this system cannot do it
 * - unreadable: the input is gone, corrupt or not what it claims to be
 */
export type FailureKind = 'usage' | 'permission' | 'unsupported' | 'unreadable';

/** An expected failure: what was wrong and what to do about it, in one line. */
export interface Failure {
  readonly kind: FailureKind;
  readonly message: string;
}

/** Either the value or the reason why there is none. Bugs are thrown, expected failures are returned. */
export type Result<T> = { readonly ok: true; readonly value: T } | Failed;

export interface Failed {
  readonly ok: false;
  readonly failure: Failure;
}

export function succeed<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function fail(kind: FailureKind, message: string): Failed {
  return failWith({ kind, message });
}

/** Fails for a reason that is known already. */
export function failWith(failure: Failure): Failed {
  return { ok: false, failure };
}
