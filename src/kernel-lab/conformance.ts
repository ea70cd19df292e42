import type { KernelModel } from '../core/kernel-model.ts';
import { type Result, succeed } from '../core/failure.ts';
import { expectBatch } from './expected.ts';
import type { Guest } from './guest.ts';
import { type LabBatch, requestLines } from './lab-batch.ts';

/** A batch in which the real kernel did something else than the model says; narrowed to one range. */
export interface Disagreement {
  readonly batch: LabBatch;
  /** Position of the range in the batch that was compared. */
  readonly index: number;
  /** What the kernel made of the range, and what the model says: one character a page, then the attempts. */
  readonly real: string;
  readonly model: string;
}

export interface BatchComparison {
  readonly agreements: number;
  readonly disagreements: readonly Disagreement[];
  /** Growth of pages_collapsed: real and expected. Other ranges and passes cannot change it. */
  readonly pagesCollapsed: { readonly real: number; readonly model: number };
}

/** Beyond any batch seen: a guest that takes longer hangs. */
const BATCH_TIMEOUT_MS = 180_000;

/** Has the guest do a batch, and compares range by range. */
export async function compareBatch(
  guest: Guest,
  batch: LabBatch,
  model: KernelModel,
): Promise<Result<BatchComparison>> {
  const answer = await askBatch(guest, batch);
  if (!answer.ok) return answer;
  const expected = expectBatch(batch, model);
  const disagreements: Disagreement[] = [];
  batch.ranges.forEach((range, index) => {
    const real = `${answer.value.pages[index]} ${answer.value.attempts[index]}`;
    const said = `${expected.pages[index]} ${expected.attempts[index]}`;
    if (real !== said) disagreements.push({ batch: { ...batch, ranges: [range] }, index, real, model: said });
  });
  return succeed({
    agreements: batch.ranges.length - disagreements.length,
    disagreements,
    pagesCollapsed: { real: answer.value.pagesCollapsed, model: expected.pagesCollapsed },
  });
}

/** What is left of a comparison when the batch is done once more. */
export interface RepeatedComparison {
  /** Differences that came back. */
  readonly lasting: readonly Disagreement[];
  /** Differences that did not: something else in the guest had a page locked or referenced at that moment. */
  readonly passing: readonly Disagreement[];
  readonly countsDiffer: boolean;
}

/**
 * Repeats a batch that did not agree. khugepaged is not alone in its kernel: about one range in 20,000 meets a page that
 * another thread has locked just then. What the model has wrong comes back every time.
 */
export async function repeatBatch(
  guest: Guest,
  batch: LabBatch,
  model: KernelModel,
  first: BatchComparison,
): Promise<Result<RepeatedComparison>> {
  const again = await compareBatch(guest, batch, model);
  if (!again.ok) return again;
  const { disagreements, pagesCollapsed } = again.value;
  const cameBack = ({ index }: Disagreement) => disagreements.some((each) => each.index === index);
  return succeed({
    lasting: first.disagreements.filter(cameBack),
    passing: first.disagreements.filter((each) => !cameBack(each)),
    countsDiffer: pagesCollapsed.real !== pagesCollapsed.model,
  });
}

/** What the guest reports of a batch: one text a range, and how much pages_collapsed grew. */
export interface BatchAnswer {
  readonly pages: readonly string[];
  /** The attempts of each range in the first pass, with order and status, and the result of the range. */
  readonly attempts: readonly string[];
  readonly pagesCollapsed: number;
}

export async function askBatch(guest: Guest, batch: LabBatch): Promise<Result<BatchAnswer>> {
  const count = batch.ranges.length;
  const lines = await guest.ask(requestLines(batch), 2 * count + 1, BATCH_TIMEOUT_MS);
  if (!lines.ok) return lines;
  const last = /^done pages_collapsed (\d+)/.exec(lines.value[2 * count]);
  if (last) {
    const [pages, attempts] = [lines.value.slice(0, count), lines.value.slice(count, 2 * count)];
    return succeed({ pages, attempts, pagesCollapsed: Number(last[1]) });
  }
  const message = 'khugepaged did not go round in time; the guest is too slow or its khugepaged stands still';
  return { ok: false, failure: { kind: 'unreadable', message } };
}
