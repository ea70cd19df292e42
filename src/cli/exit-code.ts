import type { FailureKind } from '../core/failure.ts';

/** Exit codes as documented in the man page and in docs/exit-codes of the README. */
export const EXIT = {
  done: 0,
  difference: 1,
  usage: 2,
  permission: 3,
  unsupported: 4,
  unreadable: 5,
} as const;

export function exitCodeOf(kind: FailureKind): number {
  return EXIT[kind];
}
