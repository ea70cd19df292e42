import { type Geometry, orderBytes, pagesPerRange } from '../../memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../memory/order.ts';
import type { CollapsePolicy } from '../../rules/policy.ts';
import { actionAfter, type ScanResult } from '../../rules/scan-result.ts';
import {
  type Attempt,
  type Candidate,
  type CollapseAlgorithm,
  type JudgedWindow,
  type Observe,
  visitOf,
} from '../algorithm.ts';
import { type PartialRange, RoundsSelection } from './selection.ts';

/** A partial range with what its scan has against a collapse to the PMD order. */
export interface RefusedRange extends PartialRange {
  /** SCAN_SUCCEED where there is nothing against it. */
  readonly refusal: ScanResult;
}

/**
 * The selection and retry of the proposed rebuild of mm/collapse: it collects the windows of a round, has
 * them attempted together, and puts the regions of those that failed into a store that the next round selects
 * from first.
 * Source: the proposed rebuild, not merged: docs/khugepaged.md#rounds.
 */
export const rounds: CollapseAlgorithm = {
  name: 'rounds',
  collapse(range, policy, attempt, observe) {
    const whole = {
      ...range,
      start: 0,
      end: pagesPerRange(range.geometry),
      refusal: 'SCAN_SUCCEED',
    } as const;
    return collapseInRounds(whole, policy, attempt, observe);
  },
};

/**
 * The same for part of a range, or for one whose scan refused the PMD order. Visits are observed at the end.
 */
export function collapseInRounds(
  range: RefusedRange,
  policy: CollapsePolicy,
  attempt: Attempt,
  observe?: Observe,
): ScanResult {
  const looked: Look[] = [];
  const selected: Look[] = [];
  const selection = new RoundsSelection(range, policy, (window) => {
    if (!observe) return;
    const look = { window, result: undefined, reclaim: false };
    looked.push(look);
    if (window.qualifies) selected.push(look);
  });
  const outcome = new RoundsOutcome(selection, range.refusal);
  let pending = selection.next();
  while (pending !== undefined && !outcome.abandoned) {
    const batch: Candidate[] = [];
    for (; pending !== undefined && hasRoom(batch, pending, range.geometry); pending = selection.next()) {
      batch.push(pending);
    }
    const results = attempt(batch);
    if (observe) {
      for (const [i, look] of selected.splice(0, batch.length).entries()) {
        look.result = results[i];
        look.reclaim = batch[i].reclaim === true;
      }
    }
    batch.forEach((candidate, i) => outcome.classify(candidate, results[i]));
    // The pending window comes before those that the round put into the store
    // (docs/khugepaged.md#rounds-batches).
    if (!outcome.abandoned) pending ??= selection.next();
  }
  looked.forEach(({ window, result, reclaim }, i) => {
    const next = looked[i + 1]?.window;
    const visit = visitOf(window, result, next && { offset: next.offset, order: next.order });
    observe?.(reclaim ? { ...visit, reclaim } : visit);
  });
  return outcome.result();
}

/** A window that the selection judged, and the result once it is attempted. */
interface Look {
  readonly window: JudgedWindow;
  result: ScanResult | undefined;
  reclaim: boolean;
}

/** Bytes that the windows of a round may have together. */
const ROUND_BYTES = 32 * 2 ** 20;

/**
 * Whether a window fits into a batch; an empty batch takes any.
 * Source: docs/khugepaged.md#rounds-batches.
 */
function hasRoom(batch: readonly Candidate[], { order }: Candidate, geometry: Geometry): boolean {
  if (batch.length === 0) return true;
  const pages = pagesPerRange(geometry);
  const most = Math.min(ROUND_BYTES / orderBytes(MIN_ANON_ORDER, geometry), pages / 4);
  const slots = batch.reduce((sum, each) => sum + (1 << each.order), 1 << order);
  return batch.length < most && slots <= pages && slots * 2 ** geometry.pageShift <= ROUND_BYTES;
}

/**
 * Follows the results of attempts, and works out the result of the range.
 * Source: docs/khugepaged.md#rounds-results.
 */
class RoundsOutcome {
  abandoned = false;
  readonly #selection: RoundsSelection;
  readonly #refusal: ScanResult;
  #pagesDone = 0;
  #smallestFailed = false;
  #last: ScanResult = 'SCAN_FAIL';

  constructor(selection: RoundsSelection, refusal: ScanResult) {
    this.#selection = selection;
    this.#refusal = refusal;
  }

  /** Takes the results of a round in batch order; nothing that comes after an abandoning one counts. */
  classify({ offset, order, reclaim }: Candidate, result: ScanResult): void {
    if (this.abandoned || result === 'SCAN_PTE_MAPPED_HUGEPAGE') return;
    const end = offset + (1 << order);
    if (result === 'SCAN_SUCCEED') {
      this.#pagesDone += end - offset;
      return;
    }
    // With reclaim the folio is allocated before anything else, so a light miss is then none.
    if (result === 'SCAN_ALLOC_LIGHT_MISS' && !reclaim) {
      this.#selection.store.push({ offset, end, order, reclaim: true });
      return;
    }
    this.#last = result;
    if (!leadsToLowerOrders(result)) {
      this.abandoned = true;
      this.#selection.abandon();
      return;
    }
    const lower = this.#selection.lower(order);
    if (lower !== undefined) this.#selection.store.push({ offset, end, order: lower, reclaim: false });
    else if (result === 'SCAN_ALLOC_HUGE_PAGE_FAIL') this.#smallestFailed = true;
  }

  result(): ScanResult {
    if (this.#pagesDone > 0) return 'SCAN_SUCCEED';
    if (this.#smallestFailed) return 'SCAN_ALLOC_HUGE_PAGE_FAIL';
    return this.#refusal === 'SCAN_SUCCEED' ? this.#last : this.#refusal;
  }
}

/** The walk's results for the next order, and two that the walk stops at or does not know. */
function leadsToLowerOrders(result: ScanResult): boolean {
  return (
    actionAfter(result) === 'next-order' ||
    result === 'SCAN_PAGE_NOT_EXCLUSIVE' ||
    result === 'SCAN_PAGE_DIRTY_OR_WRITEBACK'
  );
}
