import { sum } from '../../core/base/sum.ts';
import { type Geometry, noneByOrder, pagesPerRange } from '../../core/memory/geometry.ts';
import { CODE_SWAP, orderOfCode, writePteCodes } from '../../core/memory/pte-code.ts';
import type { RangeState } from '../../core/memory/range-state.ts';

/**
 * The pages of some memory between two readings. Pages are base pages; those that map the shared zero page
 * are none.
 */
export interface PageChanges {
  /** Resident pages by the order of their folio, at either reading: index = order. */
  readonly before: number[];
  readonly after: number[];
  /**
   * Resident at both, in a larger folio now, by the order of that, or newly mapped by a PMD entry: a
   * collapse, or freed and touched again meanwhile.
   */
  readonly collapsed: number[];
  /** Resident at both, in a smaller folio now. */
  split: number;
  /**
   * Resident now and not before, in a folio with pages that were: a collapse filled them, or they were
   * touched before it.
   */
  filled: number;
  /** Swapped out before, resident now. */
  swappedIn: number;
  /** Resident now and neither before nor filled nor swapped in. */
  touched: number;
  /** Resident before, swapped out now. */
  swappedOut: number;
  /** Resident before, nothing now. */
  freed: number;
  /** Of all that was or is resident, pages whose folio could not be seen at one of the readings. */
  unseen: number;
  /** PMD ranges in which anything is so. */
  readonly ranges: { collapsed: number; split: number; filled: number; freed: number; changed: number };
}

/**
 * What became of one page, as the numbers above count it; `none` was not resident at either reading. Of pages
 * that were resident at both and whose folios could not be seen, `unseen`.
 */
export const PAGE_CHANGES = [
  'none',
  'unchanged',
  'collapsed',
  'filled',
  'split',
  'touched',
  'swappedIn',
  'swappedOut',
  'freed',
  'unseen',
] as const;
export type PageChange = (typeof PAGE_CHANGES)[number];

export function noChanges(geometry: Geometry): PageChanges {
  return {
    before: noneByOrder(geometry),
    after: noneByOrder(geometry),
    collapsed: noneByOrder(geometry),
    split: 0,
    filled: 0,
    swappedIn: 0,
    touched: 0,
    swappedOut: 0,
    freed: 0,
    unseen: 0,
    ranges: { collapsed: 0, split: 0, filled: 0, freed: 0, changed: 0 },
  };
}

/** Adds one sum of changes to another. */
export function addChanges(into: PageChanges, from: PageChanges): void {
  for (const name of ['before', 'after', 'collapsed'] as const)
    for (let order = 0; order < into[name].length; order++) into[name][order] += from[name][order];
  for (const name of ['split', 'filled', 'swappedIn', 'touched', 'swappedOut', 'freed', 'unseen'] as const)
    into[name] += from[name];
  for (const name of ['collapsed', 'split', 'filled', 'freed', 'changed'] as const)
    into.ranges[name] += from.ranges[name];
}

/** The PTEs of one range at both readings, compared; made once and used for all ranges of a geometry. */
export class RangeChanges {
  readonly geometry: Geometry;
  /** What each PTE held: see pte-code.ts. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  /** What became of each page of the last range: places in PAGE_CHANGES. */
  readonly kinds: Uint8Array;
  /** Whether the folios of the last range could be seen at both readings. */
  isSeen = true;
  /** Whether a PMD entry maps it at the later reading; undefined is unknown. */
  isPmdMapped: boolean | undefined = false;
  #isNewPmd = false;

  constructor(geometry: Geometry) {
    this.geometry = geometry;
    this.before = new Uint8Array(pagesPerRange(geometry));
    this.after = new Uint8Array(pagesPerRange(geometry));
    this.kinds = new Uint8Array(pagesPerRange(geometry));
  }

  /** Compares a range with what it was, and adds that up; undefined is a range without any page. */
  add(into: PageChanges, before: RangeState | undefined, after: RangeState | undefined): void {
    const changes = noChanges(this.geometry);
    writeCodes(before, this.before);
    writeCodes(after, this.after);
    this.isSeen = seesBoth(before, after);
    this.isPmdMapped = after ? after.pmdMapped : false;
    this.#isNewPmd = after?.pmdMapped === true && before?.pmdMapped === false;
    // Neighbours are mostly alike.
    for (let page = 0; page < this.before.length; ) page = this.#addRun(changes, page);
    if (!this.isSeen) changes.unseen = sum(changes.before) + changes.swappedIn + changes.touched;
    const { collapsed, split, filled, freed, swappedOut, swappedIn, touched, ranges } = changes;
    ranges.collapsed = Number(collapsed.some((pages) => pages > 0));
    ranges.split = Number(split > 0);
    ranges.filled = Number(filled > 0);
    ranges.freed = Number(freed > 0);
    ranges.changed = Number(ranges.collapsed + split + filled + freed + swappedOut + swappedIn + touched > 0);
    addChanges(into, changes);
  }

  /** Adds the pages from one on that hold the same as it, at either reading. Returns the first of others. */
  #addRun(changes: PageChanges, page: number): number {
    const [codeBefore, codeAfter] = [this.before[page], this.after[page]];
    let end = page + 1;
    while (this.before[end] === codeBefore && this.after[end] === codeAfter) end++;
    const [before, after] = [orderOfCode(codeBefore), orderOfCode(codeAfter)];
    const isNewFolio = before === undefined && after !== undefined && after > 0 && codeBefore !== CODE_SWAP;
    // Each folio may hold pages from before, or not.
    if (isNewFolio) end = Math.min(end, ((page >>> after) + 1) << after);
    const count = end - page;
    if (before !== undefined) changes.before[before] += count;
    if (after !== undefined) changes.after[after] += count;
    const kind =
      before !== undefined && after !== undefined
        ? this.#residentKind(before, after)
        : this.#movedKind(page, before, after);
    if (kind === 'collapsed') changes.collapsed[after ?? 0] += count;
    else if (kind !== 'none' && kind !== 'unchanged' && kind !== 'unseen') changes[kind] += count;
    this.kinds.fill(KIND[kind], page, end);
    return end;
  }

  /** Of a page that is resident at both readings. */
  #residentKind(before: number, after: number): PageChange {
    if (!this.isSeen) return 'unseen';
    if (after > before || this.#isNewPmd) return 'collapsed';
    return after === before ? 'unchanged' : 'split';
  }

  /** Of a page that is resident at one of them, or none. */
  #movedKind(page: number, before: number | undefined, after: number | undefined): PageChange {
    if (before !== undefined) return this.after[page] === CODE_SWAP ? 'swappedOut' : 'freed';
    if (after === undefined) return 'none';
    if (this.before[page] === CODE_SWAP) return 'swappedIn';
    return this.isSeen && this.#joinsOld(page, after) ? 'filled' : 'touched';
  }

  /** Whether the window of a folio of this order around a new page holds a page that was resident before. */
  #joinsOld(page: number, order: number): boolean {
    if (order === 0) return false;
    const first = (page >>> order) << order;
    let joins = false;
    for (let at = first; at < first + (1 << order) && !joins; at++)
      joins = orderOfCode(this.before[at]) !== undefined && this.after[at] === this.after[page];
    return joins;
  }
}

const KIND = Object.fromEntries(PAGE_CHANGES.map((name, at) => [name, at])) as Record<PageChange, number>;

function writeCodes(range: RangeState | undefined, into: Uint8Array): void {
  if (range) writePteCodes(range, into);
  else into.fill(0);
}

/**
 * Whether the folios of a range are known at both readings. A PMD entry that was not there before is new
 * whatever the folios were: no more is seen without the rights of root.
 */
function seesBoth(before: RangeState | undefined, after: RangeState | undefined): boolean {
  if (!before || !after) return true;
  if (after.pmdMapped && before.pmdMapped === false) return true;
  return seesFolios(before) && seesFolios(after);
}

function seesFolios({ folioOrders, pmdMapped }: RangeState): boolean {
  return pmdMapped === true || folioOrders !== undefined;
}
