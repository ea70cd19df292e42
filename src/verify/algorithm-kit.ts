import { pagesPerRange } from '../core/memory/geometry.ts';
import { asOffset, asOrder, hasLowerOrder, hasOrder, naturalOrder, ordersOf } from '../core/memory/order.ts';
import { scanRange } from '../core/rules/scan.ts';
import { actionAfter } from '../core/rules/scan-result.ts';
import { type CollapseAlgorithm, judgeWindow, RangeResult } from '../core/search/algorithm.ts';
import type { SearchMachine } from '../core/search/machine.ts';

/** What a module with an algorithm is given, so that it runs without an import: thpscope's own rules. */
export const ALGORITHM_KIT = {
  judgeWindow,
  RangeResult,
  scanRange,
  actionAfter,
  pagesPerRange,
  naturalOrder,
  hasOrder,
  hasLowerOrder,
  ordersOf,
  asOffset,
  asOrder,
};

export type AlgorithmKit = typeof ALGORITHM_KIT;

/** An algorithm as a module exports it: its file names it. */
export type ModuleAlgorithm = Omit<CollapseAlgorithm, 'name' | 'startPass'>;

/** A module that keeps something over a pass: it makes a search for each. */
export interface PassModule {
  startPass(): ModuleAlgorithm;
}

/**
 * What a module for `thpscope verify` exports by default: an algorithm, or a machine, which shows its states
 * and so can be proved; one search a pass; or a function that makes one from the kit.
 */
export type AlgorithmModule =
  | ModuleAlgorithm
  | SearchMachine
  | PassModule
  | ((kit: AlgorithmKit) => ModuleAlgorithm | SearchMachine | PassModule);
