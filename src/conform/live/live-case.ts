import type { PredictedRange } from './live-prediction.ts';
import { UNSEEN_FACTS } from './live-states.ts';

/** One process in one state under one policy. */
export interface LiveCase {
  readonly state: string;
  readonly policy: string;
  /** Ranges looked at, a line of 512 characters for each: see kernel-lab/README.md. */
  readonly before: readonly string[];
  /** What the prediction says of each range; undefined for one that it does not list. */
  readonly predicted: readonly (PredictedRange | undefined)[];
  readonly real: readonly string[];
  /** The facts that the prediction of this process named as assumed. */
  readonly assumed: readonly string[];
  /** Why the process could not be predicted. */
  readonly skipped: string | undefined;
}

/**
 * What a case came to. `agrees`: every folio is as predicted. `later pass`: also what the prediction lists as
 * failed because its pages waited in a per-CPU batch, which the next pass finds drained. `assumed`:
 * otherwise, and the prediction named the fact that it could not see.
 */
export type LiveOutcome = { readonly kind: 'agrees' | 'later pass' | 'unexplained' } | AssumedOutcome;

interface AssumedOutcome {
  readonly kind: 'assumed';
  readonly fact: string;
}

/** Compares folio by folio. Only a fact that the prediction of this process named explains a difference. */
export function outcomeOf(live: LiveCase): LiveOutcome {
  const after = predictedPages(live);
  if (after.every((line, i) => line === live.real[i])) return { kind: 'agrees' };
  if (live.real.every((line, i) => line === after[i] || isLaterPass(line, after[i], live.predicted[i])))
    return { kind: 'later pass' };
  const fact = UNSEEN_FACTS.get(live.state);
  return fact !== undefined && live.assumed.includes(fact)
    ? { kind: 'assumed', fact }
    : { kind: 'unexplained' };
}

/** The ranges as they are after the collapses of the prediction: each window is one folio of its order. */
export function predictedPages({ before, predicted }: LiveCase): string[] {
  return before.map((line, i) => collapsed(line, predicted[i]?.collapses ?? []));
}

/** How an attempt on pages ends that are on their way to the LRU list. */
const BATCHED = 'SCAN_PAGE_COUNT';

/** Whether windows that failed for such pages, and they alone, make up the difference. */
function isLaterPass(real: string, after: string, predicted: PredictedRange | undefined): boolean {
  const late = (predicted?.attempts ?? []).filter(
    ({ offset, order, result }) =>
      result === BATCHED && real.slice(offset, offset + 2 ** order) === String(order).repeat(2 ** order),
  );
  return late.length > 0 && collapsed(after, late) === real;
}

function collapsed(
  line: string,
  windows: readonly { readonly offset: number; readonly order: number }[],
): string {
  const pages = [...line];
  for (const { offset, order } of windows) pages.fill(String(order), offset, offset + 2 ** order);
  return pages.join('');
}
