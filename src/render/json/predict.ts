import {
  assumptionsOf,
  type Prediction,
  type ProcessPrediction,
  type VmaPrediction,
} from '../../analysis/prediction/prediction.ts';
import type { RangeOutcome } from '../../analysis/prediction/range-outcome.ts';
import type { GroupOutcome } from '../../analysis/ranges/group-limits.ts';
import {
  hugeInUse,
  laterAttemptsOf,
  machineGrowthOf,
  machinePagesOf,
  machineRestartOf,
  type Tally,
} from '../../analysis/ranges/tally.ts';
import { tallyEntries } from '../../analysis/ranges/tally-entries.ts';
import type { SearchedPolicy, Verdict } from '../../analysis/ranges/verdict.ts';
import { skippedProcess } from '../../analysis/reading/left-out.ts';
import { type OrderSet, ordersOf } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { CollapsePlan } from '../../core/plan/plan.ts';
import { resultName } from '../../core/rules/kernel-model.ts';
import type { Process } from '../../core/rules/memory-source.ts';
import type { CollapsePolicy } from '../../core/rules/policy.ts';
import { isScanResult } from '../../core/rules/scan-result.ts';
import { FOLIO_REACH, type TlbReach } from '../../core/rules/tlb-reach.ts';
import { noneLimitsJson } from '../words/none-limits.ts';
import { pageCacheJson } from './page-cache.ts';
import { restartJson } from './restart.ts';

const PREDICT_SCHEMA = 'thpscope/predict@1';

/** The head of a prediction in JSON: the values before `ranges`. */
export function predictHead(policy: CollapsePolicy): object {
  return { schema: PREDICT_SCHEMA, model: policy.model.name, policy: policyJson(policy) };
}

export function policyJson(policy: CollapsePolicy): object {
  return {
    orders: ordersOf(policy.orders),
    maxPtesNone: policy.maxPtesNone,
    ...(policy.noneLimits ? { noneLimits: noneLimitsJson(policy.noneLimits) } : {}),
    maxPtesSwap: policy.maxPtesSwap,
    maxPtesShared: policy.maxPtesShared,
  };
}

/**
 * The answer for one range without its address: what `--ranges` prints for each line after its id. Under a
 * policy without orders, where no range is scanned, it is what scan and search answer if the settings are
 * changed when khugepaged has looked at the VMA already (docs/khugepaged.md#before-the-ptes, rule 2), and
 * `ignored` is the reason.
 */
export function planJson(plan: CollapsePlan, policy: CollapsePolicy, ignored?: Verdict['ignored']): object {
  return {
    ...(ignored ? { ignored } : {}),
    scan: resultName(plan.scan.result, policy.model),
    result: resultName(plan.result, policy.model),
    attempts: plan.attempts.map(({ offset, order, result }) => ({
      offset,
      order,
      result: resultName(result, policy.model),
    })),
    collapses: collapsesOf(plan).map(({ offset, order }) => ({ offset, order })),
  };
}

/** One scanned range of a process. `orders` are those of its VMA where they are not those of the policy. */
export function rangeJson(
  range: RangeState,
  plan: CollapsePlan,
  policy: CollapsePolicy,
  allOrders: OrderSet,
  ignored?: Verdict['ignored'],
): object {
  return {
    address: hex(range.address),
    ...(policy.orders === allOrders ? {} : { orders: ordersOf(policy.orders) }),
    ...planJson(plan, policy, ignored),
  };
}

/** The totals that every prediction ends with. */
export function totalsJson(tally: Tally): object {
  return {
    ranges: tally.ranges,
    collapses: byOrder(tally.collapses),
    coveredPages: tally.coveredPages,
    filledPages: tally.filledPages,
  };
}

/** The same with what page faults do under the settings when the programs start again. */
export function totalsWithRestart(tally: Tally): object {
  return {
    ...totalsJson(tally),
    hugePages: hugeInUse(tally),
    restart: restartJson(tally.restart, tally.residentPages),
  };
}

/** The values after `ranges` in a prediction of processes. */
export function predictTail(
  prediction: Prediction,
  policy: SearchedPolicy,
  reach: TlbReach,
  ranges?: ReadonlyMap<Process, readonly RangeOutcome[]>,
): object {
  return {
    ...(ranges ? { vmaRanges: vmaRangesJson(ranges, policy) } : {}),
    geometry: prediction.total.geometry,
    totals: totalsWithRestart(prediction.total),
    otherBytes: prediction.otherBytes ?? null,
    pageCache: pageCacheJson(prediction.cache),
    cost: costJson(prediction.total, policy, reach),
    machine: machineJson(prediction.total),
    refused: refusedJson(prediction.total, policy),
    assumed: [...assumptionsOf(prediction), ...prediction.total.unknown],
    processes: prediction.processes.map((process) => processJson(process, policy, reach)),
    limits: limitsJson(prediction.limits),
    splitsAbove: prediction.splitsAbove ?? null,
    skipped: prediction.skipped.map(skippedProcess),
    notes: prediction.notes,
    tlb: reachJson(reach),
  };
}

/** Memory of the machine: pages that several of the processes share count once. */
function machineJson(tally: Tally): object {
  const residentPages = machinePagesOf(tally);
  return {
    residentPages,
    repeatedPages: tally.repeatedPages,
    growthPages: machineGrowthOf(tally),
    restart: restartJson(machineRestartOf(tally), residentPages),
  };
}

export function limitsJson(limits: readonly GroupOutcome[]): object[] {
  return limits.map(({ group, collapses, fit, restartGrowthBytes }) => ({
    cgroup: group.path,
    limitBytes: group.limitBytes,
    usedBytes: group.usedBytes,
    collapses,
    fit,
    fail: collapses - fit,
    restartGrowthBytes,
  }));
}

function processJson(prediction: ProcessPrediction, policy: SearchedPolicy, reach: TlbReach): object {
  const { process, tally } = prediction;
  return {
    pid: process.pid,
    command: process.command,
    cgroup: process.cgroup,
    ...recordingJson(process),
    totals: totalsWithRestart(tally),
    cost: costJson(tally, policy, reach),
    refused: refusedJson(tally, policy),
    startTime: process.startTime,
    thpDisabled: process.thpDisabled ?? null,
    otherBytes: prediction.otherBytes ?? null,
    disputedBytes: prediction.disputedBytes,
    uncheckedBytes: prediction.uncheckedBytes,
    pinnedBytes: process.pinnedBytes ?? null,
    unplacedHugeBytes: process.unplacedHugeBytes ?? null,
    ksmBytes: process.ksmBytes ?? null,
    assumed: [...prediction.assumed, ...tally.unknown],
    vmas: prediction.vmas.map((vma) => vmaJson(vma, policy, reach)),
  };
}

/** Where a process was recorded, if the answer is about several recordings. */
export function recordingJson({ recording }: Process): object {
  return recording ? { recording: { ...recording, host: recording.host ?? null } } : {};
}

function vmaJson(
  { vma, eligibility, tally }: VmaPrediction,
  policy: SearchedPolicy,
  reach: TlbReach,
): object {
  return {
    start: hex(vma.start),
    end: hex(vma.end),
    name: vma.name,
    orders: ordersOf(eligibility.orders),
    ...(eligibility.ineligible ? { ineligible: eligibility.ineligible } : {}),
    totals: totalsWithRestart(tally),
    cost: costJson(tally, policy, reach),
    refused: refusedJson(tally, policy),
  };
}

function costJson(tally: Tally, policy: SearchedPolicy, reach: TlbReach): object {
  return {
    residentPages: tally.residentPages,
    scannedRanges: tally.scanned,
    attempts: tally.attempts,
    laterAttempts: laterAttemptsOf(tally, policy) ?? null,
    failedAttempts: Object.fromEntries(
      [...tally.failedAttempts].map(([result, count]) => [resultName(result, policy.model), count]),
    ),
    copiedPages: tally.copiedPages,
    machineGrowthPages: machineGrowthOf(tally),
    swappedInPages: tally.swappedInPages,
    leftSmallPages: tally.leftSmallPages,
    pmdMappedPages: tally.pmdMappedPages,
    pagesByOrder: { before: byOrder(tally.pagesBefore), after: byOrder(tally.pagesAfter) },
    tlbEntries: tlbEntriesJson(tally, reach),
  };
}

/** What becomes of the ranges of the VMA that was asked about, in each process that has it. */
function vmaRangesJson(
  ranges: ReadonlyMap<Process, readonly RangeOutcome[]>,
  { model }: CollapsePolicy,
): object[] {
  return [...ranges].flatMap(([{ pid }, outcomes]) =>
    outcomes.map(({ address, refusal, hugeNow, hugeThen, ...figures }) => ({
      pid,
      address: hex(address),
      ...figures,
      hugePages: { before: hugeNow, after: hugeThen },
      refusal: refusal === undefined ? null : isScanResult(refusal) ? resultName(refusal, model) : refusal,
    })),
  );
}

function tlbEntriesJson(tally: Tally, reach: TlbReach): object {
  const bound = (reachPages: number) => {
    const { before, after } = tallyEntries(tally, reachPages);
    return { before, after };
  };
  return {
    ...tallyEntries(tally, reach.pages),
    onePerFolio: bound(FOLIO_REACH),
    onePerPmdOrPage: bound(1),
  };
}

/** What TLB entries are counted by. */
export function reachJson({ pages, cpu, certainty, source }: TlbReach): object {
  return { reachPages: pages === FOLIO_REACH ? null : pages, cpu, certainty, source };
}

function refusedJson(tally: Tally, policy: CollapsePolicy): object {
  return Object.fromEntries(
    [...tally.refused].map(([refusal, refused]) => [
      isScanResult(refusal) ? resultName(refusal, policy.model) : refusal,
      refused,
    ]),
  );
}

/** Counts by order, orders without any left out. */
export function byOrder(counts: readonly number[]): Record<string, number> {
  return Object.fromEntries(
    counts.map((count, order) => [order, count] as const).filter(([, count]) => count > 0),
  );
}

export function hex(address: number): string {
  return `0x${address.toString(16)}`;
}
