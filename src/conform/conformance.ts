import { type Result, succeed } from '../core/base/failure.ts';
import type { KernelModel } from '../core/rules/kernel-model.ts';
import { expectBatch } from './expected.ts';
import type { Guest } from './guest.ts';
import { type ProbeBatch, requestLines } from './probe-batch.ts';
import { type BatchReport, parseReport, probeRangeText, scansOf } from './probe-report.ts';

/** A batch in which the real kernel did something else than the model says. */
export interface Disagreement {
  /** Narrowed to one range, where ranges do not share a call. */
  readonly batch: ProbeBatch;
  /** Position of the range in the batch that was compared; undefined if only counters or errnos differ. */
  readonly index: number | undefined;
  readonly real: string;
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

/** Has the guest do a batch, and compares range by range, then counters and errnos. */
export async function compareBatch(
  guest: Guest,
  batch: ProbeBatch,
  model: KernelModel,
): Promise<Result<BatchComparison>> {
  const answer = await guest.ask(requestLines(batch), BATCH_TIMEOUT_MS);
  if (!answer.ok) return answer;
  const report = parseReport(batch, answer.value);
  return report.ok ? succeed(compareReport(batch, report.value, model)) : report;
}

export function compareReport(batch: ProbeBatch, report: BatchReport, model: KernelModel): BatchComparison {
  const expected = expectBatch(batch, scansOf(batch, report), { model });
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

/** What is left of a comparison when the batch is done once more. */
export interface RepeatedComparison {
  /** Differences that came back. */
  readonly lasting: readonly Disagreement[];
  /** Differences that did not: something else in the guest had a page locked or referenced at that moment. */
  readonly passing: readonly Disagreement[];
}

/**
 * Repeats a batch that did not agree. khugepaged is not alone in its kernel: about one range in 10,000 meets
 * a page that another thread has locked just then. What the model has wrong comes back every time.
 */
export async function repeatBatch(
  guest: Guest,
  batch: ProbeBatch,
  model: KernelModel,
  first: BatchComparison,
): Promise<Result<RepeatedComparison>> {
  const again = await compareBatch(guest, batch, model);
  if (!again.ok) return again;
  const cameBack = ({ index }: Disagreement) =>
    again.value.disagreements.some((each) => each.index === index);
  return succeed({
    lasting: first.disagreements.filter(cameBack),
    passing: first.disagreements.filter((each) => !cameBack(each)),
  });
}
