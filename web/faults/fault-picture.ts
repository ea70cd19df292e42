import type { FaultStep, FollowedHistory } from '../../src/analysis/prediction/fault-steps.ts';
import { VmaPages } from '../../src/core/fault/vma-pages.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { hasPage } from '../../src/core/memory/occupancy.ts';
import { asOffset, asOrder, type Window } from '../../src/core/memory/order.ts';
import { windowStart } from '../../src/core/memory/page-span.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';

/** The PMD range of a step, once it is done. Pages are counted from the start of the range. */
export interface FaultPicture {
  /** The first page of the range in the VMA. */
  readonly rangeStart: number;
  readonly range: RangeState;
  /** Folios of which all pages are mapped. */
  readonly folios: readonly Window[];
  /** The window that this step filled. */
  readonly taken: Window | undefined;
  /** Pages that this step touched or gave back. */
  readonly touched: readonly number[];
  /** Resident pages that the program has not written. */
  readonly filled: ReadonlySet<number>;
  readonly outside: ReadonlySet<number>;
  /** Pages in use because of which this step did not take a window. */
  readonly inTheWay: readonly number[];
}

/** What a step of a history leaves in the PMD range that its first page lies in. */
export function faultPicture({ steps, vma, policy, pages }: FollowedHistory, index: number): FaultPicture {
  const { geometry } = pages;
  const step = steps[index];
  const replayed = new VmaPages(geometry, vma, policy);
  const written = new Set<number>();
  for (const each of steps.slice(0, index + 1)) replay(each, replayed, written);
  const rangeStart = windowStart(step.page, geometry.pmdOrder);
  const range = replayed.rangeAt(step.page);
  const { present, zero } = range.facts;
  const all = Array.from({ length: pagesPerRange(geometry) }, (_, i) => i);
  const isResident = (i: number) => hasPage(present, i) && !(zero && hasPage(zero, i));
  const occupied = step.visits.flatMap((visit) => visit.occupied ?? []);
  return {
    rangeStart,
    range,
    folios: replayed
      .folios()
      .filter(
        ({ first, order, mapped }) =>
          windowStart(first, geometry.pmdOrder) === rangeStart && mapped === 2 ** order,
      )
      .map(({ first, order }) => ({ offset: asOffset(first - rangeStart), order })),
    taken: takenWindow(step, rangeStart),
    touched: all.filter((i) => rangeStart + i >= step.page && rangeStart + i < step.page + step.pages),
    filled: new Set(all.filter((i) => isResident(i) && !written.has(rangeStart + i))),
    outside: new Set(all.filter((i) => rangeStart + i < vma.start || rangeStart + i >= vma.end)),
    inTheWay: [...new Set(occupied)].map((page) => page - rangeStart),
  };
}

function replay({ act, page, pages }: FaultStep, onto: VmaPages, written: Set<number>): void {
  if (act.kind === 'dontneed') onto.dontneed(page, page + pages);
  for (let at = page; at < page + pages; at++) {
    if (act.kind === 'dontneed') written.delete(at);
    else onto.touch(at, act.kind);
    if (act.kind === 'write') written.add(at);
  }
}

function takenWindow({ result }: FaultStep, rangeStart: number): Window | undefined {
  if (result?.kind !== 'folio' || result.order === 0) return undefined;
  return { offset: asOffset(result.first - rangeStart), order: asOrder(result.order) };
}
