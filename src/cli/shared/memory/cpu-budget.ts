import { formatDuration, parseDuration } from '../../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { CpuBudget } from '../../../linux/live-source.ts';
import { shareOf } from '../flags/share.ts';

/**
 * Reads --budget: CPU time that one reading may take, as a time, or as a share of one CPU between the start
 * of a reading and that of the next. `periodMs` is how long that is at least; undefined for commands that
 * read once, which know no such share.
 */
export function parseCpuBudget(text: string, periodMs: number | undefined): Result<CpuBudget> {
  const share = shareOf(text);
  if (share === undefined) {
    const cpuNs = parseDuration(text);
    if (cpuNs !== undefined && cpuNs > 0) return succeed({ cpuNs, text });
    return fail('usage', `--budget ${text}: write a time such as 500ms, or a share of a CPU such as 2%`);
  }
  if (periodMs === undefined || periodMs === 0)
    return fail(
      'usage',
      `--budget ${text}: is a share of the time from one reading to the next, and this reads once, or as often as it is asked; give a time such as 500ms`,
    );
  if (share === 0 || share > 1)
    return fail('usage', `--budget ${text}: write a share of one CPU above 0% and up to 100%`);
  const cpuNs = share * periodMs * 1e6;
  return succeed({ cpuNs, text: `${formatDuration(cpuNs)} (${text} of ${formatDuration(periodMs * 1e6)})` });
}
