import { fail, type Result, succeed } from '../base/failure.ts';

/**
 * Pages [start, end) of a VMA, counted in PTEs from the start of a PMD range; either may lie in other ranges.
 */
export interface PageSpan {
  readonly start: number;
  readonly end: number;
}

/** Whether a window of 2^order pages lies in a span. */
export function holdsWindow({ start, end }: PageSpan, first: number, order: number): boolean {
  return first >= start && first + 2 ** order <= end;
}

/** First page of the aligned window of 2^order pages around a page, which may be negative. */
export function windowStart(page: number, order: number): number {
  const pages = 2 ** order;
  return Math.floor(page / pages) * pages;
}

/** Pages that a span may have: a table of them must fit into memory. */
const MAX_SPAN_PAGES = 2 ** 24;

/** Reads `START-END`: pages from the start of a PMD range, the end exclusive, both possibly negative. */
export function parseSpan(text: string): Result<PageSpan> {
  const match = /^(-?\d+)-(-?\d+)$/.exec(text.trim());
  if (!match)
    return fail('usage', `VMA '${text}': write START-END in pages, the end exclusive, such as 3-1024`);
  const [start, end] = [Number(match[1]), Number(match[2])];
  if (start >= end) return fail('usage', `VMA '${text}': ends before it begins; the end is exclusive`);
  if (end - start > MAX_SPAN_PAGES)
    return fail('usage', `VMA '${text}': has more than ${MAX_SPAN_PAGES} pages`);
  return succeed({ start, end });
}
