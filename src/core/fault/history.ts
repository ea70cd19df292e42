import { clip } from '../base/clip.ts';
import { fail, type Result, succeed } from '../base/failure.ts';
import type { PageSpan } from '../memory/page-span.ts';
import type { VmaPages } from './vma-pages.ts';

/**
 * One thing that a program does with its memory: it writes to or reads pages, or gives them back
 * (MADV_DONTNEED).
 */
export interface PageAct {
  readonly kind: 'write' | 'read' | 'dontneed';
  readonly first: number;
  /** Exclusive. Pages are touched one by one, from the first on. */
  readonly end: number;
}

const KINDS = { w: 'write', r: 'read', d: 'dontneed' } as const;

/**
 * Reads a history such as `w37 w101 r5 d0-511`: writes, reads and MADV_DONTNEED of a page or of pages
 * FIRST-LAST, in this order. Fails where a touched page lies outside of the VMA; of pages given back those
 * outside of it do not matter.
 */
export function parseHistory(text: string, vma: PageSpan): Result<PageAct[]> {
  const acts: PageAct[] = [];
  for (const word of text.split(/[\s,]+/).filter(Boolean)) {
    const match = /^([wrd])(-?\d+)(?:-(-?\d+))?$/.exec(word);
    if (!match)
      return fail(
        'usage',
        `history: '${clip(word)}' is none of wPAGE, rPAGE, dPAGE, each also with FIRST-LAST`,
      );
    const first = Number(match[2]);
    const last = match[3] === undefined ? first : Number(match[3]);
    if (last < first) return fail('usage', `history: '${clip(word)}' runs backwards`);
    const kind = KINDS[match[1] as keyof typeof KINDS];
    if (kind === 'dontneed') {
      // madvise passes over what is not mapped.
      const inside = { kind, first: Math.max(first, vma.start), end: Math.min(last + 1, vma.end) };
      if (inside.first < inside.end) acts.push(inside);
      continue;
    }
    if (first < vma.start || last >= vma.end)
      return fail(
        'usage',
        `history: '${clip(word)}' lies outside of the VMA, whose pages are ${vma.start} to ${vma.end - 1}`,
      );
    acts.push({ kind, first, end: last + 1 });
  }
  return succeed(acts);
}

/** A history as `parseHistory` reads it. */
export function historyText(acts: readonly PageAct[]): string {
  return acts
    .map(({ kind, first, end }) => `${kind[0]}${end === first + 1 ? first : `${first}-${end - 1}`}`)
    .join(' ');
}

/** Carries out a history on the page tables of a VMA. */
export function playHistory(pages: VmaPages, acts: readonly PageAct[]): void {
  for (const { kind, first, end } of acts) {
    if (kind === 'dontneed') pages.dontneed(first, end);
    else for (let page = first; page < end; page++) pages.touch(page, kind);
  }
}
