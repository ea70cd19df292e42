import type { FailureKind } from '../core/failure.ts';

/** Exit codes, as the README and the man page list them. */
export const EXIT = {
  done: 0,
  difference: 1,
  usage: 2,
  permission: 3,
  unsupported: 4,
  unreadable: 5,
  bug: 70,
} as const;

export function exitCodeOf(kind: FailureKind): number {
  return EXIT[kind];
}
