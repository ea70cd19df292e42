import { type Geometry, pageBytes, rangeBytes } from '../memory/geometry.ts';
import { asOrder, hasOrder, type OrderSet } from '../memory/order.ts';
import type { RangeState } from '../memory/range-state.ts';
import type { KernelModel } from '../rules/kernel-model.ts';
import type { OutcomeRule } from '../rules/outcome.ts';
import { type CollapsePolicy, madvisePolicy } from '../rules/policy.ts';
import type { ScanResult } from '../rules/scan-result.ts';
import type { CollapseAlgorithm } from '../search/algorithm.ts';
import { type MadviseErrno, madviseErrno, madviseGoesOn, madviseIsDone } from './madvise-errno.ts';
import { type CollapsePlan, planRange } from './plan.ts';

/** A VMA as MADV_COLLAPSE meets it. Addresses in bytes, multiples of the page size; `end` is exclusive. */
export interface AdvisedVma {
  readonly start: number;
  readonly end: number;
  /** The orders that are possible for it: see `madviseOrders`. */
  readonly orders: OrderSet;
  /**
   * Whether a page of it was ever written: without an anon_vma nothing in it collapses
   * (docs/khugepaged.md#possible-orders, step J).
   */
  readonly written: boolean;
}

/**
 * What a PMD range without any entry lacks: the PTE table alone, or also the table above, which serves many
 * ranges.
 */
export type MissingTable = 'no-pte-table' | 'no-pmd-table';

/** One call of madvise(start, length, MADV_COLLAPSE) and the address space that it meets. */
export interface MadviseCall {
  /** In bytes, as the caller gives it. */
  readonly start: number;
  /** In bytes; the kernel rounds it up to whole pages. */
  readonly length: number;
  /** In address order. VMAs beyond the call may be among them. */
  readonly vmas: Iterable<AdvisedVma>;
  /**
   * What the PMD range at this address holds. A page table whose entries are all empty is a RangeState, too.
   */
  readonly rangeAt: (address: number) => RangeState | MissingTable;
  readonly model: KernelModel;
  /** The search; by default that of the model. */
  readonly algorithm?: CollapseAlgorithm;
  readonly geometry: Geometry;
  /** Results decided in advance for the attempts on the range at this address. */
  readonly outcomesAt?: (address: number) => readonly OutcomeRule[];
}

/** What the call does to one PMD range. */
export interface AdvisedRange {
  readonly address: number;
  readonly result: ScanResult;
  /** Undefined where there is no page table. */
  readonly plan: CollapsePlan | undefined;
}

export interface MadvisePlan {
  /** Undefined when the call returns 0. */
  readonly errno: MadviseErrno | undefined;
  /** The ranges that it looks at, in order. What collapsed before a failure stays collapsed. */
  readonly ranges: readonly AdvisedRange[];
}

/**
 * Plans one call of MADV_COLLAPSE: VMA by VMA, the error of one ends it, unmapped pages only make it fail in
 * the end. Races (pages, VMAs or settings that change during the call) are left out.
 * Source: do_madvise and madvise_collapse, docs/khugepaged.md#madv_collapse.
 */
export function planMadvise(call: MadviseCall): MadvisePlan {
  const ranges: AdvisedRange[] = [];
  const page = pageBytes(call.geometry);
  if (call.start % page !== 0) return { errno: 'EINVAL', ranges };
  if (call.length === 0) return { errno: undefined, ranges };
  const end = call.start + Math.ceil(call.length / page) * page;
  const policy = madvisePolicy(call.model, call.geometry);
  let reached = call.start;
  let unmapped = false;
  for (const vma of call.vmas) {
    if (vma.end <= reached) continue;
    if (vma.start >= end) break;
    if (vma.start > reached) unmapped = true;
    const part = { ...vma, start: Math.max(vma.start, reached), end: Math.min(vma.end, end) };
    const errno = collapsePart(call, policy, part, ranges);
    if (errno) return { errno, ranges };
    reached = part.end;
  }
  return { errno: unmapped || reached < end ? 'ENOMEM' : undefined, ranges };
}

/**
 * Collapses the whole PMD ranges in a part of a VMA and adds them to `ranges`; the errno if they are not all
 * huge then.
 */
function collapsePart(
  call: MadviseCall,
  policy: CollapsePolicy,
  part: AdvisedVma,
  ranges: AdvisedRange[],
): MadviseErrno | undefined {
  const { model, geometry } = call;
  if (!hasOrder(part.orders, asOrder(geometry.pmdOrder)) || !part.written) return 'EINVAL';
  const bytes = rangeBytes(geometry);
  const first = Math.ceil(part.start / bytes) * bytes;
  const last = Math.floor(part.end / bytes) * bytes;
  if (first > last && model.madviseFailsInsideRange) return 'EINVAL';
  let failure: ScanResult | undefined;
  for (let address = first; address < last; address += bytes) {
    const found = call.rangeAt(address);
    const range = adviseRange(call, policy, address, found);
    ranges.push(range);
    if (!madviseIsDone(range.result)) failure = range.result;
    const stops = found === 'no-pte-table' && model.madviseStopsAtEmptyPmd;
    if (stops || !madviseGoesOn(range.result)) break;
  }
  return failure && madviseErrno(failure);
}

function adviseRange(
  call: MadviseCall,
  policy: CollapsePolicy,
  address: number,
  found: RangeState | MissingTable,
): AdvisedRange {
  if (typeof found === 'string') return { address, result: 'SCAN_NO_PTE_TABLE', plan: undefined };
  const plan = planRange(found, policy, {
    algorithm: call.algorithm,
    outcomes: call.outcomesAt?.(address),
  });
  return { address, result: plan.result, plan };
}
