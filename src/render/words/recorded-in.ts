import type { Recording } from '../../core/rules/memory-source.ts';
import { printable } from './printable.ts';

/** Where a process was recorded: file, machine and time. */
export function recordedIn({ file, host, time }: Recording): string {
  return [printable(file), ...(host === undefined ? [] : [printable(host)]), time].join(', ');
}
