import { type Result, succeed } from '../../core/base/failure.ts';
import type { Guest } from '../guest/guest.ts';
import { type ProbeBatch, requestLines } from '../probe/probe-batch.ts';
import { type BatchReport, parseReport, probeRangeText, scansOf } from '../probe/probe-report.ts';
import { type BelievedSearch, expectBatch } from './expected.ts';

/** A batch in which the real kernel did something else than the model says. */
export interface Disagreement {
  /** Narrowed to one range, where ranges do not share a call. */
  readonly batch: ProbeBatch;
  /** Position of the range in the batch that was compared; undefined if only counters or errnos differ. */
  readonly index: number | undefined;
  readonly real: string;
  /** What the search that is believed in says. */
  readonly model: string;
}

export interface BatchComparison {
  /** Ranges that agree in their pages at the end and in every attempt of every pass. */
  readonly agreements: number;
  readonly disagreements: readonly Disagreement[];
  readonly report: BatchReport;
}

/** Beyond any batch seen: a guest that takes longer hangs. */
const BATCH_TIMEOUT_MS = 180_000;

/**
 * How often a batch is asked about in all before khugepaged is said to stand still, or a difference to last.
 */
const MOST_ASKS = 4;

/**
 * Has the guest do a batch, and compares range by range, then counters and errnos. On a busy machine
 * khugepaged may be too slow at first: then it is asked again.
 */
export async function compareBatch(
  guest: Guest,
  batch: ProbeBatch,
  belief: BelievedSearch,
): Promise<Result<BatchComparison>> {
  for (let asks = 1; ; asks++) {
    const answer = await guest.ask(requestLines(batch), BATCH_TIMEOUT_MS);
    if (!answer.ok) return answer;
    const report = parseReport(batch, answer.value);
    if (report.ok) return succeed(compareReport(batch, report.value, belief));
    if (asks === MOST_ASKS) return report;
  }
}

export function compareReport(
  batch: ProbeBatch,
  report: BatchReport,
  belief: BelievedSearch,
): BatchComparison {
  const expected = expectBatch(batch, scansOf(batch, report), belief);
  const disagreements: Disagreement[] = [];
  batch.ranges.forEach((range, index) => {
    const [real, said] = [probeRangeText(report, index), probeRangeText(expected, index)];
    const alone = batch.call === 'madvise' && batch.span > 1 ? batch : { ...batch, ranges: [range] };
    if (real !== said) disagreements.push({ batch: alone, index, real, model: said });
  });
  const agreements = batch.ranges.length - disagreements.length;
  const [real, said] = [report, expected].map(({ errnos, counters }) => `${errnos} ${counters}`.trim());
  if (agreements === batch.ranges.length && real !== said) {
    disagreements.push({ batch, index: undefined, real, model: said });
  }
  return { agreements, disagreements, report };
}

/** What is left of a comparison when the batch is done again. */
export interface RepeatedComparison {
  /** Differences that came back every time. */
  readonly lasting: readonly Disagreement[];
  /** Differences that did not: something else in the guest had a page locked or referenced at that moment. */
  readonly passing: readonly Disagreement[];
}

/**
 * Repeats a batch that did not agree. khugepaged is not alone in its kernel: about one range in 10,000 meets
 * a page that another thread has locked just then, and on a busy machine it is stopped within an attempt more
 * often. What the model has wrong comes back every time.
 */
export async function repeatBatch(
  guest: Guest,
  batch: ProbeBatch,
  belief: BelievedSearch,
  first: BatchComparison,
): Promise<Result<RepeatedComparison>> {
  let lasting = first.disagreements;
  for (let asks = 1; asks < MOST_ASKS && lasting.length > 0; asks++) {
    const again = await compareBatch(guest, batch, belief);
    if (!again.ok) return again;
    lasting = lasting.filter(({ index }) => again.value.disagreements.some((each) => each.index === index));
  }
  return succeed({ lasting, passing: first.disagreements.filter((each) => !lasting.includes(each)) });
}

/**
 * Whether a batch comes out as it must in one of some more tries: the selftest's own expectation, which load
 * may thwart.
 */
export async function holdsAgain(
  guest: Guest,
  batch: ProbeBatch,
  belief: BelievedSearch,
  expects: (report: BatchReport) => boolean,
): Promise<Result<boolean>> {
  for (let asks = 1; asks < MOST_ASKS; asks++) {
    const again = await compareBatch(guest, batch, belief);
    if (!again.ok) return again;
    if (expects(again.value.report)) return succeed(true);
  }
  return succeed(false);
}
