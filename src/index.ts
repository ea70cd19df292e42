// What a program may import from 'thpscope', in Node and in browsers: docs/library.md. Everything else may
// change.

export { DigestCollector } from './analysis/digest/digest-collector.ts';
export { type DigestJson, digestOfJson } from './analysis/digest/digest-json.ts';
export { checkDigestModel, DigestQuery } from './analysis/digest/digest-query.ts';
export { type MemoryDigest, type ProcessDigest, type SourceDigest } from './analysis/digest/memory-digest.ts';
export { type Failure, type FailureKind, fail, type Result, succeed } from './core/base/failure.ts';
export {
  type Geometry,
  geometryOfPmdOrder,
  orderBytes,
  pageBytes,
  pagesPerRange,
  rangeBytes,
  x86_64,
} from './core/memory/geometry.ts';
export {
  clearPage,
  clearPages,
  countPages,
  countWindow,
  emptyOccupancy,
  fullOccupancy,
  hasPage,
  isEmpty,
  type Occupancy,
  setPage,
  setPages,
} from './core/memory/occupancy.ts';
export {
  anonOrders,
  asOffset,
  asOrder,
  formatOrder,
  formatOrders,
  hasLowerOrder,
  hasOrder,
  highestOrder,
  lowerOrder,
  NO_ORDERS,
  naturalOrder,
  type Offset,
  type Order,
  type OrderSet,
  orderSet,
  ordersOf,
  parseOrders,
  type Window,
} from './core/memory/order.ts';
export { formatPages, parsePages } from './core/memory/page-list.ts';
export { plainRange, type RangeState, unknownFacts } from './core/memory/range-state.ts';
export { type RangeText, rangeOfText, rangeText } from './core/memory/range-text.ts';
export type { SharedRun } from './core/memory/shared-runs.ts';
export { applyPlan } from './core/plan/apply-plan.ts';
export { collapsesOf } from './core/plan/collapses.ts';
export { costOf, type PlanCost } from './core/plan/cost.ts';
export {
  type AdvisedRange,
  type AdvisedVma,
  type MadviseCall,
  type MadvisePlan,
  planMadvise,
} from './core/plan/madvise-collapse.ts';
export { type CollapsePlan, type PlanOptions, planRange } from './core/plan/plan.ts';
export type { PolicyCounts } from './core/plan/policy-counts.ts';
export type { AttemptRecord } from './core/rules/candidate.ts';
export type { Cpu } from './core/rules/cpu.ts';
export {
  collapsibleOrders,
  KERNEL_MODELS,
  type KernelModel,
} from './core/rules/kernel-model.ts';
export type { KernelModelName } from './core/rules/kernel-names.ts';
export { type Host, type MemoryItem, type MemorySource, type Process } from './core/rules/memory-source.ts';
export { formatOutcome, type OutcomeRule, parseOutcome } from './core/rules/outcome.ts';
export {
  type CollapseLimits,
  type CollapsePolicy,
  checkLimits,
  collapsePolicy,
  defaultLimits,
  madvisePolicy,
} from './core/rules/policy.ts';
export { type ScanReport, scanRange } from './core/rules/scan.ts';
export { SCAN_RESULTS, type ScanResult, scanResultNamed } from './core/rules/scan-result.ts';
export { type Service, serviceNames, serviceOf } from './core/rules/service.ts';
export type { SizeWord, TopLevelWord } from './core/rules/settings-words.ts';
export {
  defaultSettings,
  enabledOrders,
  type ThpSettings,
  withOrdersAlways,
} from './core/rules/thp-settings.ts';
export { type Eligibility, INELIGIBLE_REASONS, possibleOrders, type Vma } from './core/rules/vma.ts';
export {
  type Attempt,
  attemptEach,
  type Candidate,
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  type Observe,
  type ScannedRange,
  type Visit,
} from './core/search/algorithm.ts';
export type { AlgorithmName } from './core/search/algorithm-names.ts';
export { ALGORITHMS } from './core/search/algorithms.ts';
export { SnapshotError } from './snapshot/damage.ts';
export { openSnapshot, type Snapshot } from './snapshot/reader.ts';
