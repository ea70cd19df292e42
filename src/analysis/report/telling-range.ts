import { pagesPerRange } from '../../core/memory/geometry.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { possibleOrders, type Vma } from '../../core/rules/vma.ts';
import { rangeAfter } from '../prediction/explanation.ts';
import { isHuge } from '../ranges/tally.ts';
import { judgeRange, type RunPolicy, type Verdict } from '../ranges/verdict.ts';
import type { RangeTable } from '../table/range-table.ts';
import type { JudgedRanges } from '../table/table-judge.ts';

/** The range of a process that says most about settings, and what becomes of it. */
export interface TellingRange {
  readonly vma: Vma;
  readonly verdict: Verdict;
  /** The range as it is; where the source does not know folios, of small pages. */
  readonly before: RangeState;
  /** Undefined where nothing collapses. */
  readonly after: RangeState | undefined;
}

/** Judges the range of a process of a table that says most; undefined where the process has no range. */
export function tellingRange(
  table: RangeTable,
  ranges: JudgedRanges,
  process: number,
  runPolicy: RunPolicy,
): TellingRange | undefined {
  const vmas = table.vmas.filter((each) => each.process === process && each.end > each.first);
  if (vmas.length === 0) return undefined;
  const row = tellingRow(table, ranges, vmas[0].first, vmas[vmas.length - 1].end);
  const range = table.range(row);
  const { vma } = table.vmas[table.vmaOf[row]];
  const { settings, model } = runPolicy;
  const { thpDisabled } = table.processes[process];
  const eligibility = possibleOrders(vma, settings, model, table.geometry, thpDisabled);
  const verdict = judgeRange(range, vma, eligibility, runPolicy);
  const before = {
    ...range,
    folioOrders: range.folioOrders ?? new Uint8Array(pagesPerRange(table.geometry)),
  };
  return { vma, verdict, before, after: rangeAfter(before, verdict.plan) };
}

/**
 * The row of a process that says most about settings: the one that grows most, else one that collapses, else
 * the fullest that stays as it is, rather one that the VMA covers.
 */
function tellingRow(table: RangeTable, ranges: JudgedRanges, firstRow: number, endRow: number): number {
  let best = firstRow;
  let bestScore = -1;
  const pages = pagesPerRange(table.geometry);
  for (let row = firstRow; row < endRow; row++) {
    const code = ranges.refusals[row];
    const refusal = code === 0 ? undefined : ranges.reasons[code - 1];
    const resident = table.residentPages[row];
    let score = resident;
    if (refusal === undefined)
      score = 3 * pages + 2 * ranges.growthPages[row] - Math.abs(resident - pages / 2) / pages;
    else if (refusal === 'vma-edge' || isHuge(refusal)) score = resident / pages;
    if (score > bestScore) {
      best = row;
      bestScore = score;
    }
  }
  return best;
}
