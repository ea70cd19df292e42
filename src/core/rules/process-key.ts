import type { Process } from './memory-source.ts';

/** A process by its pid and start time: while a machine runs there is no other of these. */
export function processKey({ pid, startTime }: Pick<Process, 'pid' | 'startTime'>): string {
  return `${pid} ${startTime}`;
}
