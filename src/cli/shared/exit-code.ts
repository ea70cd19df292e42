import { constants } from 'node:os';
import type { FailureKind } from '../../core/base/failure.ts';

/** What each exit code means; help and man page print this, and the README repeats it. */
export const EXIT_MEANINGS: readonly (readonly [code: number, meaning: string])[] = [
  [0, 'done'],
  [1, 'a check found a difference'],
  [2, 'usage'],
  [3, 'no permission'],
  [4, 'not supported here'],
  [5, 'input not found, unreadable or corrupt, or an algorithm that cannot be loaded or does what none may'],
  [70, 'a bug of thpscope'],
];

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

/** The exit code of a command that a signal ended, as shells number it. */
export function exitCodeOfSignal(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal];
}
