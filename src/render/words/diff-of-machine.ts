import type { RepeatedBothTimes } from '../../analysis/difference/memory-difference.ts';

/** The row of a table of changes that has memory of the machine; none where nothing is shared by fork. */
export function machineRows(
  { before, after }: RepeatedBothTimes,
  was: number,
  is: number,
): (readonly [name: string, before: number, after: number])[] {
  if (before === undefined || after === undefined || before + after === 0) return [];
  return [['  of the machine', was - before, is - after]];
}

/** Of whom the sums of anonymous memory are, a sentence; none where nothing is shared by fork. */
export function machineLines({ before, after }: RepeatedBothTimes): string[] {
  if (before === undefined || after === undefined)
    return [
      'pages that processes share by fork count in each of them: it is not known which these are, and memory of the machine changed by another amount',
    ];
  if (before + after === 0) return [];
  return [
    'pages that processes share by fork count in each of them, in the lists too; of the machine each counts once',
  ];
}
