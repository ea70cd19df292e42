import { type Geometry, orderBytes, pagesPerRange, rangeBytes } from '../../memory/geometry.ts';
import { MIN_ANON_ORDER, type Window } from '../../memory/order.ts';
import type { CollapsePolicy } from '../../rules/policy.ts';
import type { ScanResult } from '../../rules/scan-result.ts';
import {
  type Attempt,
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  type Observe,
  type ScannedRange,
  visitOf,
} from '../algorithm.ts';
import { MOST_VISITS } from '../machine.ts';
import type { RangePart, RoundMove, RoundsMachine } from './part.ts';
import { PartStore } from './part-store.ts';
import { ROUNDS_MACHINE } from './rounds-machine.ts';
import { scanForRounds } from './scan.ts';

/** A scanned range of which a part may be collapsed, with what its scan has against the PMD order. */
export interface RefusedRange extends ScannedRange {
  /** Only PTEs from here to the end (exclusive) may be collapsed. */
  readonly start: number;
  readonly end: number;
  /** SCAN_SUCCEED where there is nothing against it. */
  readonly refusal: ScanResult;
}

/** An algorithm that shows how it searches in rounds. */
interface RoundsAlgorithm extends CollapseAlgorithm {
  readonly rounds: RoundsMachine;
}

/** The machine of an algorithm that shows how it searches in rounds. */
export function roundsMachineOf(algorithm: CollapseAlgorithm): RoundsMachine | undefined {
  return 'rounds' in algorithm ? (algorithm as RoundsAlgorithm).rounds : undefined;
}

/** The algorithm that runs a machine in rounds, over whole ranges. */
export function roundsAlgorithmOf(name: string, machine: RoundsMachine): RoundsAlgorithm {
  return {
    name,
    rounds: machine,
    scan: (range, policy) => scanForRounds(range, policy),
    collapse(range, policy, attempt, observe) {
      const end = pagesPerRange(range.geometry);
      const whole = { ...range, start: 0, end, refusal: range.pmdRefusal ?? 'SCAN_SUCCEED' };
      return collapseInRounds(machine, whole, policy, attempt, observe);
    },
  };
}

/**
 * The selection and retry of the proposed rebuild of mm/collapse: it collects the windows of a round, has
 * them attempted together, and the regions of those that failed come first in the next round.
 * Source: the proposed rebuild, not merged: docs/khugepaged.md#rounds.
 */
export const rounds: CollapseAlgorithm = roundsAlgorithmOf('rounds', ROUNDS_MACHINE);

/**
 * The same for part of a range, or for one whose scan refused the PMD order. Visits are observed at the end.
 */
export function collapseInRounds(
  machine: RoundsMachine,
  range: RefusedRange,
  policy: CollapsePolicy,
  attempt: Attempt,
  observe?: Observe,
): ScanResult {
  const { geometry } = range;
  const setting = { geometry, orders: policy.orders, minOrder: policy.model.minOrder };
  const store = new PartStore(pagesPerRange(geometry) >>> 2);
  const whole = machine.start(setting, range.start, range.end);
  if (whole) store.push(whole);
  const looked: Look[] = [];
  const selected: Look[] = [];
  let left = MOST_VISITS * pagesPerRange(geometry);

  /** The next window to attempt, as the part in which it is. */
  function select(): RangePart | undefined {
    for (let part = store.top(); part !== undefined; part = store.top()) {
      if (left-- === 0) throw new Error('does not end');
      const window = judgeWindow(range, policy, part.offset, part.order);
      if (observe) {
        const look = { window, result: undefined, reclaim: false };
        looked.push(look);
        if (window.qualifies) selected.push(look);
      }
      store.replaceTop(machine.after(part, window.qualifies, setting));
      if (window.qualifies) return part;
    }
    return undefined;
  }

  const outcome = new RoundsOutcome(range.refusal);
  let pending = select();
  while (pending !== undefined) {
    const batch: RangePart[] = [];
    for (; pending !== undefined && hasRoom(batch, pending, geometry); pending = select())
      batch.push(pending);
    const results = attempt(batch);
    if (observe) {
      for (const [i, look] of selected.splice(0, batch.length).entries()) {
        look.result = results[i];
        look.reclaim = batch[i].reclaim;
      }
    }
    let stops = false;
    for (let i = 0; i < batch.length && !stops; i++) {
      const move = machine.action(results[i], batch[i].reclaim);
      const retry = machine.retry(batch[i], move, setting);
      if (retry) store.push(retry);
      outcome.classify(results[i], move, retry !== undefined);
      stops = move === 'stop';
    }
    if (stops) break;
    // The pending window comes before those that the round put into the store
    // (docs/khugepaged.md#rounds-batches).
    pending ??= select();
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

/** Whether the windows of a range may be too many for one round: a range larger than that. */
export function roundsFill(geometry: Geometry): boolean {
  return rangeBytes(geometry) > ROUND_BYTES;
}

/**
 * Whether a window fits into a batch; an empty batch takes any.
 * Source: docs/khugepaged.md#rounds-batches.
 */
function hasRoom(batch: readonly Window[], { order }: Window, geometry: Geometry): boolean {
  if (batch.length === 0) return true;
  const pages = pagesPerRange(geometry);
  const most = Math.min(ROUND_BYTES / orderBytes(MIN_ANON_ORDER, geometry), pages / 4);
  const slots = batch.reduce((sum, each) => sum + (1 << each.order), 1 << order);
  return batch.length < most && slots <= pages && slots * 2 ** geometry.pageShift <= ROUND_BYTES;
}

/**
 * Works out the result of the range from those of attempts, as far as they are followed.
 * Source: docs/khugepaged.md#rounds-results.
 */
class RoundsOutcome {
  readonly #refusal: ScanResult;
  #collapsed = false;
  #smallestFailed = false;
  #last: ScanResult = 'SCAN_FAIL';

  constructor(refusal: ScanResult) {
    this.#refusal = refusal;
  }

  classify(result: ScanResult, move: RoundMove, isRetried: boolean): void {
    if (result === 'SCAN_SUCCEED') this.#collapsed = true;
    if (move === 'next-offset' || move === 'again') return;
    this.#last = result;
    if (move === 'next-order' && !isRetried && result === 'SCAN_ALLOC_HUGE_PAGE_FAIL')
      this.#smallestFailed = true;
  }

  result(): ScanResult {
    if (this.#collapsed) return 'SCAN_SUCCEED';
    if (this.#smallestFailed) return 'SCAN_ALLOC_HUGE_PAGE_FAIL';
    return this.#refusal === 'SCAN_SUCCEED' ? this.#last : this.#refusal;
  }
}
