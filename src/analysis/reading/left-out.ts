import type { LeftOutProcess, MemoryItem } from '../../core/rules/memory-source.ts';

/** A process, or part of one, that is not in an answer. */
export interface SkippedProcess {
  readonly pid: number;
  readonly reason: string;
  /** Its resident memory, where it was left out for want of budget. */
  readonly leftOutBytes?: number;
}

/** What an answer keeps of an item of a source. */
export function skippedProcess({
  pid,
  failure,
  leftOutBytes,
}: Omit<Extract<MemoryItem, { kind: 'skipped' }>, 'kind'>): SkippedProcess {
  return { pid, reason: failure.message, ...(leftOutBytes === undefined ? {} : { leftOutBytes }) };
}

/** Those that a budget left out, in the order in which they were. */
export function leftOutOf(
  skipped: readonly Pick<SkippedProcess, 'pid' | 'leftOutBytes'>[],
): LeftOutProcess[] {
  return skipped.flatMap(({ pid, leftOutBytes }) =>
    leftOutBytes === undefined ? [] : { pid, residentBytes: leftOutBytes },
  );
}
