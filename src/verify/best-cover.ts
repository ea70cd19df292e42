import { fail, type Result, succeed } from '../core/base/failure.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import { hasPage } from '../core/memory/occupancy.ts';
import { asOffset, asOrder, type Order, type Window } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import { judgeWindow, type ScannedRange } from '../core/search/algorithm.ts';

/** What a cover is worth. More is better. */
export interface Objective {
  readonly name: string;
  /** What is asked for, in words. */
  readonly text: string;
  /** Worth of a collapsed window that held so many occupied PTEs. */
  readonly window: (order: Order, occupied: number) => number;
  /** Worth of an occupied PTE outside of any. */
  readonly page: number;
}

const coverage: Objective = {
  name: 'coverage',
  text: 'the most pages in collapsed windows',
  window: (order) => 1 << order,
  page: 0,
};

const folios: Objective = {
  name: 'folios',
  text: 'the fewest folios for the pages that are there',
  window: () => -1,
  page: -1,
};

/** Each filled page costs so much, in covered pages. */
function coverageAtPrice(price: number): Objective {
  return {
    name: `price:${price}`,
    text: `the most pages in collapsed windows, each filled page at the price of ${price}`,
    window: (order, occupied) => (1 << order) - price * ((1 << order) - occupied),
    page: 0,
  };
}

/** Reads `coverage`, `folios` or `price:N`. */
export function parseObjective(text: string): Result<Objective> {
  const price = /^price:(\d+(?:\.\d+)?)$/.exec(text);
  if (price) return succeed(coverageAtPrice(Number(price[1])));
  const named = [coverage, folios].find(({ name }) => name === text);
  return named ? succeed(named) : fail('usage', `objective '${text}': write coverage, folios or price:N`);
}

export interface Cover {
  /** Disjoint windows, ascending. */
  readonly windows: readonly Window[];
  readonly worth: number;
}

/**
 * The best set of disjoint windows that the policy lets collapse, if every attempt succeeds: dynamic
 * programming over the tree of halves. Of equal covers it takes the one with the larger windows.
 */
export function bestCover(range: ScannedRange, policy: CollapsePolicy, objective: Objective): Cover {
  const best = (offset: number, order: number): Cover => {
    if (order === 0) return { windows: [], worth: hasPage(range.occupied, offset) ? objective.page : 0 };
    const half = order - 1;
    const [left, right] = [best(offset, half), best(offset + (1 << half), half)];
    const split = left.worth + right.worth;
    const window = judgeWindow(range, policy, asOffset(offset), asOrder(order));
    const worth = window.qualifies ? objective.window(window.order, occupiedOf(range, window)) : split - 1;
    return worth >= split
      ? { windows: [window], worth }
      : { windows: [...left.windows, ...right.windows], worth: split };
  };
  const { windows, worth } = best(0, range.geometry.pmdOrder);
  return { windows: windows.map(({ offset, order }) => ({ offset, order })), worth };
}

/** What a given cover is worth. */
export function worthOf(range: ScannedRange, windows: readonly Window[], objective: Objective): number {
  let worth = 0;
  let page = 0;
  const addPagesUpTo = (end: number) => {
    for (; page < end; page++) if (hasPage(range.occupied, page)) worth += objective.page;
  };
  for (const window of [...windows].sort((a, b) => a.offset - b.offset)) {
    addPagesUpTo(window.offset);
    worth += objective.window(window.order, occupiedOf(range, window));
    page = window.offset + (1 << window.order);
  }
  addPagesUpTo(pagesPerRange(range.geometry));
  return worth;
}

/** Occupied PTEs, without the unmapped ones that may stand in for them at the PMD order. */
function occupiedOf({ occupied }: ScannedRange, { offset, order }: Window): number {
  let count = 0;
  for (let page: number = offset; page < offset + (1 << order); page++) if (hasPage(occupied, page)) count++;
  return count;
}
