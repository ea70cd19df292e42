import { apartRanges, type MemoryDigest } from '../../analysis/memory-digest.ts';
import { sum } from '../../analysis/tally.ts';
import { formatBytes } from '../../core/base/bytes.ts';
import { pageBytes } from '../../core/memory/geometry.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { type PolicyCounts, sumOf } from '../../core/plan/policy-counts.ts';
import { plural } from '../words/plural.ts';
import type { Style } from './style.ts';
import { percent, sizesName } from './sweep.ts';
import { field } from './tally.ts';

/** The totals of a prediction, as `predict --json` prints them for other sources. */
export function digestTotalsJson(memory: MemoryDigest, counts: PolicyCounts): object {
  const collapses = [...counts.collapses].flatMap((count, order) => (count > 0 ? [[order, count]] : []));
  return {
    ranges: memory.ranges,
    collapses: Object.fromEntries(collapses),
    coveredPages: counts.copiedPages + counts.filledPages,
    filledPages: counts.filledPages,
  };
}

/** What a digest can say of a policy: totals. */
export function digestTotalsText(
  memory: MemoryDigest,
  counts: PolicyCounts,
  processes: number,
  policy: CollapsePolicy,
  style: Style,
): string {
  const { geometry, residentPages, hugePages } = memory;
  const size = (pages: number) => formatBytes(pages * pageBytes(geometry));
  const growth = counts.filledPages + counts.swappedInPages;
  const huge = (pages: number) => `${size(pages)} (${percent(pages, residentPages)})`;
  const later = sumOf(counts.laterAttempts);
  const walked = apartRanges(memory);
  return [
    `${plural(processes, 'process', 'processes')} from a digest, ${sizesName(policy.orders, geometry)}, max_ptes_none ${policy.maxPtesNone}`,
    field('memory', `${size(residentPages)} anonymous in ${plural(memory.ranges, 'PMD range')}`),
    field('huge now', huge(hugePages)),
    field('huge then', style.good(`${huge(hugePages + counts.newlyHugePages)} of the memory in use`)),
    field(
      'RSS',
      growth === 0
        ? 'stays the same'
        : style.warn(`grows by ${size(growth)} (+${percent(growth, residentPages)})`),
    ),
    field(
      'work',
      `${plural(sum([...counts.collapses]), 'collapse')} in ${plural(sumOf(counts.attempts), 'attempt')}, ${size(counts.copiedPages)} copied`,
    ),
    field(
      'later passes',
      later === 0 ? 'nothing is tried again' : `${plural(later, 'attempt')} each that change nothing`,
    ),
    ...(walked > 0 ? [style.dim(field('walked', plural(walked, 'range')))] : []),
    '',
  ].join('\n');
}
