import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { leastPasses, type ProbeBatch } from './probe-batch.ts';

/** The outcome of a batch: as the probe reports it, or as the model predicts it. */
export interface BatchReport {
  /** The pages of each range at the end: see `pagesText`. */
  readonly pages: readonly string[];
  /**
   * For each range, what each scan of it did: the attempts in order and the result, such as `9 page_locked,=
   * failed`.
   */
  readonly passes: readonly (readonly string[])[];
  /** The growth of the counters, in the probe's words. */
  readonly counters: string;
  /** For MADV_COLLAPSE: the errno of each call, `0` for success. */
  readonly errnos: string;
}

/** Reads what the probe answered: the pages of each range, its passes, and a line for the whole batch. */
export function parseReport(batch: ProbeBatch, lines: readonly string[]): Result<BatchReport> {
  const count = batch.ranges.length;
  const last = /^done (?:errno=(\S+) )?(pages_collapsed=.*)$/.exec(lines[2 * count] ?? '');
  if (!last) {
    return fail(
      'unreadable',
      'khugepaged did not go round in time; the guest is too slow or its khugepaged stands still',
    );
  }
  const passes = lines.slice(count, 2 * count).map(parsePasses);
  return succeed({ pages: lines.slice(0, count), passes, counters: last[2], errnos: last[1] ?? '' });
}

/** Passes are joined by `;`, and one that was as the one before is left out. */
function parsePasses(line: string): string[] {
  const passes: string[] = [];
  if (line === '') return passes;
  for (const text of line.split(';')) passes.push(text === '' ? passes[passes.length - 1] : text);
  return passes;
}

/**
 * How often each range was scanned. khugepaged may go round once more before it is stopped, so that only the
 * report tells; but it must have gone round as often as it was asked to.
 */
export function scansOf(batch: ProbeBatch, report: BatchReport): number[] {
  const least = leastPasses(batch);
  return report.passes.map((passes, index) => Math.max(passes.length, least[index]));
}

/** All that is compared of one range. */
export function probeRangeText(report: BatchReport, index: number): string {
  return [report.pages[index], ...report.passes[index]].join('\n    ');
}
