import { MISSES } from '../../src/analysis/difference/missed-window.ts';
import {
  PAGE_CHANGES,
  type PageChange,
  type PageChanges,
} from '../../src/analysis/difference/page-changes.ts';
import { plural } from '../../src/core/base/plural.ts';
import { sum } from '../../src/core/base/sum.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { asOrder, formatOrder } from '../../src/core/memory/order.ts';
import { CHANGE_WORDS } from '../../src/render/words/diff-words.ts';
import type { ComparedRows, ForetoldAnswer, ForetoldKind } from './changes-worker-protocol.ts';

/** What happened to pages: all but those that are as before. */
export const HAPPENED = PAGE_CHANGES.filter((kind) => kind !== 'none' && kind !== 'unchanged');
export type Happened = Exclude<PageChange, 'none' | 'unchanged'>;

export const FORETOLD_WORDS: Record<Exclude<ForetoldKind, 'none'>, string> = {
  true: 'came true',
  waiting: 'not yet',
  otherwise: 'otherwise',
  besides: 'not predicted',
};

/** What each of them means, for whoever points at its name. */
export const HAPPENED_TITLES: Record<Happened, string> = {
  collapsed: 'in a larger folio than before, or newly mapped by a PMD entry',
  filled: 'empty before, now in one folio with pages from before',
  split: 'in a smaller folio than before',
  touched: 'new, in folios of their own',
  swappedIn: 'came from swap',
  swappedOut: 'went to swap',
  freed: 'resident before, nothing now',
  unseen: 'their folios were not visible at one of the readings: read both times as root',
};

export const FORETOLD_TITLES: Record<Exclude<ForetoldKind, 'none'>, string> = {
  true: 'predicted to collapse, and one folio of at least that size now',
  waiting: 'predicted to collapse, and as before',
  otherwise: 'predicted to collapse, and freed, changed, smaller or not seen since',
  besides: 'collapsed, and was not predicted to',
};

/** Pages that something happened to, of some changes. */
export function happenedPages(changes: PageChanges, kind: Happened): number {
  return kind === 'collapsed' ? sum(changes.collapsed) : changes[kind];
}

/**
 * Pages that changed, for the order of lists: of what is not the same process by how much there is more or
 * less.
 */
export function pagesThatChanged(changes: PageChanges, isSame: boolean): number {
  if (!isSame) return Math.abs(sum(changes.after) - sum(changes.before));
  return sum(HAPPENED.filter((kind) => kind !== 'unseen').map((kind) => happenedPages(changes, kind)));
}

/** Pages of what a policy said, by what became of it. */
export function foretoldPages(
  { happened, missed, surprises }: ForetoldAnswer['total'],
  kind: Exclude<ForetoldKind, 'none'>,
): number {
  switch (kind) {
    case 'true':
      return happened.pages;
    case 'waiting':
      return missed.waiting.pages;
    case 'otherwise':
      return sum(MISSES.map((miss) => (miss === 'waiting' ? 0 : missed[miss].pages)));
    case 'besides':
      return sum(Object.values(surprises));
  }
}

/** `+22.2M`, `-5.16M`, `0B`. */
export function signedSize(pages: number, geometry: Geometry): string {
  return pages > 0 ? `+${formatSize(pages, geometry)}` : formatSize(pages, geometry);
}

export function onlyWords(only: PageChange | ForetoldKind): string {
  return only in FORETOLD_WORDS
    ? `ranges of which most ${only === 'besides' ? 'was not predicted' : `was predicted: ${FORETOLD_WORDS[only as 'true']}`}`
    : `ranges with pages that are ${CHANGE_WORDS[only as PageChange]}`;
}

/** What changed in a range, in words: `103 collapsed, 409 filled`. */
export function rowWords({ pages, isSame }: ComparedRows, row: number): string {
  if (!isSame[row]) return 'not compared: its process is not known to be in both readings';
  const first = row * PAGE_CHANGES.length;
  const parts = PAGE_CHANGES.flatMap((kind, at) => {
    const count = pages[first + at];
    return kind === 'none' || count === 0 ? [] : [`${count} ${CHANGE_WORDS[kind]}`];
  });
  return parts.length > 0 ? `${parts.join(', ')}` : 'nothing';
}

/** `103 pages in use, most in small pages`. */
export function readingWords(resident: number, main: number, geometry: Geometry): string {
  if (resident === 0) return 'no page in use';
  const folios = main === 0 ? 'small pages' : `folios of ${formatOrder(asOrder(main), geometry)}`;
  return `${plural(resident, 'page')} in use, most in ${folios}`;
}
