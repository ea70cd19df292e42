import type { FaultPolicy, FaultResult, FaultVisit } from '../../core/fault/fault.ts';
import type { PageAct } from '../../core/fault/history.ts';
import { VmaPages } from '../../core/fault/vma-pages.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { type PageSpan, windowStart } from '../../core/memory/page-span.ts';
import type { RangeState } from '../../core/memory/range-state.ts';

/** A touch that maps something, neighbours in a PMD range that get the same, or pages given back. */
export interface FaultStep {
  readonly act: PageAct;
  /** The first touched page, and how many got the same after it. */
  readonly page: number;
  pages: number;
  /** Undefined for MADV_DONTNEED. */
  readonly result: FaultResult | undefined;
  readonly visits: readonly FaultVisit[];
  /** The PMD range of the page as the touch finds it. */
  readonly before: RangeState;
}

/** A history and what it leaves. */
export interface FollowedHistory {
  readonly vma: PageSpan;
  readonly policy: FaultPolicy;
  readonly steps: readonly FaultStep[];
  readonly pages: VmaPages;
  /** Pages that were written and not given back. */
  readonly writtenPages: number;
}

/** Follows a history page by page; the VMA is empty at first. */
export function followHistory(
  geometry: Geometry,
  vma: PageSpan,
  policy: FaultPolicy,
  acts: readonly PageAct[],
): FollowedHistory {
  const pages = new VmaPages(geometry, vma, policy);
  const steps: FaultStep[] = [];
  const written = new Set<number>();
  for (const act of acts) {
    if (act.kind === 'dontneed') {
      const before = pages.rangeAt(act.first);
      pages.dontneed(act.first, act.end);
      for (let page = act.first; page < act.end; page++) written.delete(page);
      steps.push({ act, page: act.first, pages: act.end - act.first, result: undefined, visits: [], before });
      continue;
    }
    for (let page = act.first; page < act.end; page++) {
      if (act.kind === 'write') written.add(page);
      touch(pages, act, page, steps);
    }
  }
  return { vma, policy, steps, pages, writtenPages: written.size };
}

function touch(pages: VmaPages, act: PageAct, page: number, steps: FaultStep[]): void {
  const last = steps.at(-1);
  const before =
    pages.pmdAt(windowStart(page, pages.geometry.pmdOrder)) === 'folio' ? undefined : pages.rangeAt(page);
  const visits: FaultVisit[] = [];
  const result = pages.touch(page, act.kind === 'read' ? 'read' : 'write', (visit) => visits.push(visit));
  const inRange = (each: number) => windowStart(each, pages.geometry.pmdOrder);
  const follows = last?.act === act && inRange(last.page) === inRange(page);
  if (follows && last.result && isAlike(last, result, visits)) last.pages++;
  else steps.push({ act, page, pages: 1, result, visits, before: before ?? pages.rangeAt(page) });
}

/** Whether a touch says no more than the one before it. */
function isAlike(last: FaultStep, result: FaultResult, visits: readonly FaultVisit[]): boolean {
  if (last.result?.kind !== result.kind) return false;
  if (result.kind === 'mapped') return true;
  const isSmall = result.kind === 'zero-page' || (result.kind === 'folio' && result.order === 0);
  const wasSmall =
    last.result.kind === 'zero-page' || (last.result.kind === 'folio' && last.result.order === 0);
  const reasons = (all: readonly FaultVisit[]) => all.map(({ refusal }) => refusal).join();
  return isSmall && wasSmall && reasons(last.visits) === reasons(visits);
}
