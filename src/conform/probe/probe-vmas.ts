import { type Geometry, pageBytes, pagesPerRange, rangeBytes } from '../../core/memory/geometry.ts';
import { hasPage } from '../../core/memory/occupancy.ts';
import { NO_ORDERS, orderSet } from '../../core/memory/order.ts';
import type { AdvisedVma } from '../../core/plan/madvise-collapse.ts';
import { isWritten, type ProbeRange } from './probe-batch.ts';

/**
 * The VMAs that the ranges of a batch lie in, the first range at address 0: one, but for what is cut out, for
 * userfaultfd and for scattered ranges, which come from elsewhere.
 */
export function probeVmas(ranges: readonly ProbeRange[], geometry: Geometry): AdvisedVma[] {
  const bytes = rangeBytes(geometry);
  const page = pageBytes(geometry);
  const written = ranges.some(isWritten);
  const pieces: { start: number; end: number; kind: string }[] = [];
  for (const [index, range] of ranges.entries()) {
    const kind = range.scattered ? `scattered ${index}` : range.armed ? 'armed' : 'plain';
    for (let i = 0; i < pagesPerRange(geometry); i++) {
      if (hasPage(range.outside, i)) continue;
      const start = index * bytes + i * page;
      const last = pieces.at(-1);
      if (last?.end === start && last.kind === kind) last.end = start + page;
      else pieces.push({ start, end: start + page, kind });
    }
  }
  return pieces.map(({ start, end }) => {
    const fits = Math.ceil(start / bytes) * bytes + bytes <= end;
    return { start, end, orders: fits ? orderSet([geometry.pmdOrder]) : NO_ORDERS, written };
  });
}
