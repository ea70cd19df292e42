import { sum } from '../../core/base/sum.ts';
import type { ProcessOrder } from './process-orders.ts';

/** What is said of a process, or of several, where processes are listed. Pages are base pages. */
export interface ListedFigures {
  readonly residentPages: number;
  /** Pages in use that lie in large folios, now and after khugepaged. */
  readonly hugeNow: number;
  readonly hugeThen: number;
  /** Pages by which khugepaged makes resident memory grow. */
  readonly growthPages: number;
  /** Pages by which it is larger when page faults fill it again, at most; undefined where nobody asked. */
  readonly restartGrowthPages?: number | undefined;
}

/** How processes are asked to be listed. */
export interface Listing {
  /** By default by growth if any process grows, else in the order that is given, which `none` keeps. */
  readonly sort?: ProcessOrder | 'none' | undefined;
  /** Processes that are listed; all others are added up. */
  readonly top: number;
}

export interface ListedProcesses<T> {
  readonly shown: readonly T[];
  /** How many are left out, and their sums. */
  readonly others: { readonly count: number; readonly figures: ListedFigures };
}

/** The processes to list, in order. Those that are equal keep the order that is given. */
export function listProcesses<T>(
  processes: readonly T[],
  figuresOf: (process: T) => ListedFigures,
  { sort, top }: Listing,
): ListedProcesses<T> {
  const listed = processes.map((process) => ({ process, figures: figuresOf(process) }));
  const grows = listed.some(({ figures }) => figures.growthPages > 0);
  const order = sort ?? (grows ? 'growth' : undefined);
  if (order && order !== 'none') listed.sort((a, b) => compare(order, b.figures, a.figures));
  return {
    shown: listed.slice(0, top).map(({ process }) => process),
    others: {
      count: Math.max(0, listed.length - top),
      figures: addFigures(listed.slice(top).map(({ figures }) => figures)),
    },
  };
}

/** Growth of both kinds, khugepaged's first: that of page faults waits for a restart. */
function compare(order: ProcessOrder, a: ListedFigures, b: ListedFigures): number {
  switch (order) {
    case 'memory':
      return a.residentPages - b.residentPages;
    case 'gain':
      return a.hugeThen - a.hugeNow - (b.hugeThen - b.hugeNow);
    case 'growth':
      return a.growthPages - b.growthPages || (a.restartGrowthPages ?? 0) - (b.restartGrowthPages ?? 0);
  }
}

function addFigures(all: readonly ListedFigures[]): ListedFigures {
  const total = (valueOf: (each: ListedFigures) => number) => sum(all.map(valueOf));
  return {
    residentPages: total((each) => each.residentPages),
    hugeNow: total((each) => each.hugeNow),
    hugeThen: total((each) => each.hugeThen),
    growthPages: total((each) => each.growthPages),
    restartGrowthPages: total((each) => each.restartGrowthPages ?? 0),
  };
}
