import { formatBytes } from '../../core/base/bytes.ts';

/**
 * Resident memory that no answer is about: what processes have outside of anonymous memory, in bytes;
 * undefined where it is not known.
 */
export function notCovered(otherBytes: number | undefined, processes: number): string {
  if (otherBytes === undefined)
    return 'shared memory and files, of which the recording does not say how much there is';
  const each = processes > 1 ? ', counted in each process that maps it' : '';
  return `${formatBytes(otherBytes)} of shared memory and files${each}`;
}
