import { formatDuration } from '../../../core/base/duration.ts';
import { plural } from '../../../core/base/plural.ts';
import { sum } from '../../../core/base/sum.ts';
import { formatOrder } from '../../../core/memory/order.ts';
import { resultName } from '../../../core/rules/kernel-model.ts';
import type { SimulationReport } from '../../../simulation/simulation-report.ts';
import { field } from '../layout/lines.ts';
import type { Style } from '../layout/style.ts';

/** What every later pass costs though nothing changes any more; nothing for runs that have not settled. */
export function steadyLines(
  { ending, steadyPass, geometry, model }: SimulationReport,
  style: Style,
): string[] {
  if (ending !== 'settled') return [];
  if (!steadyPass) return [field('from now on', 'khugepaged sleeps: it has no process to look at')];
  const { durationNs, cpuNs, allocations, flushes, writeLockHolds, writeLockNs, scannedPtes } = steadyPass;
  const wasted = sum(allocations);
  const lines = [
    `a pass every ${formatDuration(durationNs)}: ${plural(scannedPtes, 'PTE')} scanned, ${formatDuration(cpuNs)} of CPU`,
  ];
  if (wasted > 0) lines.push(style.warn(`${plural(wasted, 'folio')} allocated and thrown away`));
  if (flushes > 0) lines.push(style.warn(plural(flushes, 'TLB flush', 'TLB flushes')));
  if (writeLockHolds > 0) {
    const times = plural(writeLockHolds, 'time');
    lines.push(style.warn(`mmap lock held for write ${times}, ${formatDuration(writeLockNs)} together`));
  }
  for (const [order, results] of [...steadyPass.attempts].sort(([a], [b]) => b - a)) {
    for (const [result, count] of results) {
      lines.push(
        style.dim(
          `${formatOrder(order, geometry)}: ${plural(count, 'attempt')}, ${resultName(result, model)}`,
        ),
      );
    }
  }
  return lines.map((line, i) => field(i === 0 ? 'from now on' : '', line));
}
