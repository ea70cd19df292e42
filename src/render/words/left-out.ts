import { leftOutOf, type SkippedProcess } from '../../analysis/reading/left-out.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import type { LeftOutProcess } from '../../core/rules/memory-source.ts';

/** "96 processes with 3.1G in memory (pid 9 alone 1G), left out for want of budget": at least one. */
export function leftOutWords(leftOut: readonly LeftOutProcess[]): string {
  const all = formatBytes(sum(leftOut.map(({ residentBytes }) => residentBytes)));
  const [first] = leftOut;
  const largest = leftOut.reduce((a, b) => (b.residentBytes > a.residentBytes ? b : a), first);
  const who = `pid ${largest.pid}${leftOut.length > 1 ? ` alone ${formatBytes(largest.residentBytes)}` : ''}`;
  return `${plural(leftOut.length, 'process', 'processes')} with ${all} in memory (${who}), left out for want of budget`;
}

/** What is said behind the number of processes of a sum: nothing where none were left out. */
export function withoutLeftOut(skipped: readonly Pick<SkippedProcess, 'pid' | 'leftOutBytes'>[]): string {
  const leftOut = leftOutOf(skipped);
  const all = formatBytes(sum(leftOut.map(({ residentBytes }) => residentBytes)));
  const each = leftOut.length > 1 ? 'that were' : 'that was';
  return leftOut.length === 0
    ? ''
    : `, without ${leftOut.length} ${each} left out for want of budget (${all} in memory)`;
}

/** Which processes are not in an answer, a line for those that were left out and one for all others. */
export function missingLines(skipped: readonly SkippedProcess[]): string[] {
  const leftOut = leftOutOf(skipped);
  const unread = skipped.length - leftOut.length;
  return [
    ...(unread > 0 ? [`${plural(unread, 'process', 'processes')} could not be read`] : []),
    ...(leftOut.length > 0 ? [leftOutWords(leftOut)] : []),
  ];
}
