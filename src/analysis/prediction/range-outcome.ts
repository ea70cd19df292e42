import { sum } from '../../core/base/sum.ts';
import { addRestartedRange, emptyRestartCounts } from '../../core/fault/restart-counts.ts';
import type { MemoryItem } from '../../core/rules/memory-source.ts';
import { spanFrom, type Vma } from '../../core/rules/vma.ts';
import { growthOf, hugeInUse, type Refusal, refusalOf, restartGrowthOf } from '../ranges/tally.ts';
import type { Verdict } from '../ranges/verdict.ts';
import type { VmaPrediction } from './prediction.ts';
import type { ListedFigures } from './process-list.ts';

/** What becomes of one PMD range of a VMA, and why it stays as it is. */
export interface RangeOutcome extends ListedFigures {
  readonly address: number;
  readonly restartGrowthPages: number;
  /** Pages that stay small although something collapses in the range. */
  readonly leftSmallPages: number;
  /** Why nothing collapses; undefined where anything does. */
  readonly refusal: Refusal | undefined;
}

/** The items of a source without the ranges of VMAs that do not hold an address. */
export async function* itemsOfVmaAt(
  items: AsyncIterable<MemoryItem>,
  address: number,
): AsyncGenerator<MemoryItem> {
  let holds = false;
  for await (const item of items) {
    if (item.kind === 'vma') holds = holdsAddress(item.vma, address);
    if (item.kind !== 'ranges' || holds) yield item;
  }
}

function holdsAddress({ start, end }: Vma, address: number): boolean {
  return start <= address && address < end;
}

/** What a verdict on a range of a VMA comes to. */
export function rangeOutcome(
  verdict: Verdict,
  { vma, restartOrders }: Pick<VmaPrediction, 'vma' | 'restartOrders'>,
): RangeOutcome {
  const { range, cost } = verdict;
  const [pagesBefore, pagesAfter] = [cost.before.pagesByOrder, cost.after.pagesByOrder];
  const residentPages = sum(pagesBefore);
  const huge = hugeInUse({ pagesBefore, pagesAfter, filledPages: cost.filledPages });
  const refusal = refusalOf(verdict);
  const restart = emptyRestartCounts(range.geometry);
  addRestartedRange(restart, range, spanFrom(vma, range.address, range.geometry), restartOrders);
  return {
    address: range.address,
    residentPages,
    hugeNow: huge.before,
    hugeThen: huge.after,
    growthPages: growthOf(cost),
    restartGrowthPages: restartGrowthOf({ restart, residentPages }),
    leftSmallPages: refusal ? 0 : pagesAfter[0],
    refusal,
  };
}
