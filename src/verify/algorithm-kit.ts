import { judgeWindow, RangeResult } from '../core/search/algorithm.ts';
import { pagesPerRange } from '../core/memory/geometry.ts';
import { hasLowerOrder, hasOrder, naturalOrder, ordersOf } from '../core/memory/order.ts';
import { actionAfter } from '../core/rules/scan-result.ts';

/**
 * What a module with an algorithm is given, so that it needs no import: thpscope's own rules. A module exports
 * a `CollapseAlgorithm`, or a function that makes one from this.
 */
export const ALGORITHM_KIT = {
  judgeWindow,
  RangeResult,
  actionAfter,
  pagesPerRange,
  naturalOrder,
  hasOrder,
  hasLowerOrder,
  ordersOf,
};

export type AlgorithmKit = typeof ALGORITHM_KIT;
