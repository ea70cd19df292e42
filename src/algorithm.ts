// What a module for `thpscope verify` may import from 'thpscope/algorithm': types only, so that it runs
// without thpscope.

export type { Geometry } from './core/memory/geometry.ts';
export type { Occupancy } from './core/memory/occupancy.ts';
export { type Offset, type Order, type OrderSet, type Window } from './core/memory/order.ts';
export type { RangeState } from './core/memory/range-state.ts';
export type { KernelModel } from './core/rules/kernel-model.ts';
export type { CollapsePolicy } from './core/rules/policy.ts';
export type { ScanReport } from './core/rules/scan.ts';
export { type NextMove, type ScanResult } from './core/rules/scan-result.ts';
export {
  type Attempt,
  type Candidate,
  type CollapseAlgorithm,
  type JudgedWindow,
  type Observe,
  type ScannedRange,
  type Visit,
} from './core/search/algorithm.ts';
export { type Answer, type Fill, type SearchMachine, type SearchSetting } from './core/search/machine.ts';
export {
  type AlgorithmKit,
  type AlgorithmModule,
  type ModuleAlgorithm,
  type PassModule,
} from './verify/algorithm-kit.ts';
