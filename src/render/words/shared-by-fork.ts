import { type MemoryDigest, machinePages } from '../../analysis/digest/memory-digest.ts';
import { formatSize } from '../../core/memory/format-size.ts';

/**
 * Of whom the sums of several processes are, in a sentence: what they share by fork is in the memory of the
 * machine once. Nothing where they share nothing.
 */
export function sharedByFork(
  memory: Pick<MemoryDigest, 'residentPages' | 'repeated' | 'geometry'>,
  processes: number,
): string[] {
  const { repeated, geometry } = memory;
  if (!repeated && processes === 1) return [];
  if (!repeated)
    return [
      'pages that processes share by fork count in each of them here, and so does growth at a restart: it is not known which these are, and the machine has and grows by less',
    ];
  if (repeated.pages === 0) return [];
  const once = formatSize(machinePages(memory), geometry);
  const shared = formatSize(repeated.pages, geometry);
  return [
    `of the machine it is ${once}: ${shared} are pages that they share with each other; growth at a restart is that of the machine, and counts with the first process that has a page`,
  ];
}
