import { growthOf } from '../../analysis/ranges/tally.ts';
import { type Findings, isSameAdvice, type RangesFinding } from '../../analysis/report/findings.ts';
import { sum } from '../../core/base/sum.ts';
import { orderBars, type SizedMemory } from '../svg/order-bars.ts';
import { html, type Markup } from '../words/markup.ts';

/** Memory by the size of its folios: now, as asked, and as advised. */
export function sizesSection(findings: Findings): Markup {
  const { memory, asked, advice } = findings;
  const { geometry, residentPages, hugePages } = memory;
  const none = Array.from({ length: geometry.pmdOrder + 1 }, () => 0);
  const now: SizedMemory = asked.ranges
    ? { name: 'now', byOrder: asked.ranges.total.pagesBefore, unsized: 0, growth: 0 }
    : { name: 'now', byOrder: none.with(0, residentPages - hugePages), unsized: hugePages, growth: 0 };
  const then = (name: string, finding: RangesFinding) => afterwards(name, finding, findings);
  const distinct = advice.filter(
    (each, i) => !each.advice.leave && advice.findIndex((other) => isSameAdvice(other, each)) === i,
  );
  return html`${orderBars(
    [
      now,
      then('then, as asked', asked),
      ...distinct.map(({ share, finding }) => then(`then, advice for ${share * 100}% growth`, finding)),
    ],
    geometry,
  )}`;
}

function afterwards(name: string, { ranges, counts }: RangesFinding, { memory }: Findings): SizedMemory {
  const growth = growthOf(counts);
  if (ranges) return { name, byOrder: ranges.total.pagesAfter, unsized: 0, growth };
  const byOrder = [...counts.collapses].map((collapses, order) => collapses * 2 ** order);
  // Copied pages that are not newly huge came out of older large folios.
  const unsized = memory.hugePages + counts.newlyHugePages + counts.filledPages - sum(byOrder);
  const all = memory.residentPages + growth;
  byOrder[0] = all - sum(byOrder) - Math.max(0, unsized);
  return {
    name,
    byOrder,
    unsized: sum(counts.collapses) === 0 ? memory.hugePages : Math.max(0, unsized),
    growth,
  };
}
