import type { Visit } from '../../src/core/algorithm.ts';
import type { Window } from '../../src/core/order.ts';

/** A rectangle in cells of the grid. */
export interface CellRectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Where a window is in a grid of so many columns, a power of two: part of a row, or whole rows. */
export function windowRectangle({ offset, order }: Window, columns: number): CellRectangle {
  const pages = 1 << order;
  return {
    x: offset % columns,
    y: Math.floor(offset / columns),
    width: Math.min(pages, columns),
    height: Math.max(1, pages / columns),
  };
}

/** What so many first steps of a run did to windows. */
export interface WindowsSoFar {
  readonly collapsed: readonly Visit[];
  /** Attempts that failed, without those inside of which smaller ones were then made. */
  readonly failed: readonly Visit[];
}

export function windowsSoFar(steps: readonly Visit[], done: number): WindowsSoFar {
  const collapsed: Visit[] = [];
  const failed: Visit[] = [];
  for (const visit of steps.slice(0, done)) {
    if (visit.result === undefined) continue;
    const end = visit.offset + (1 << visit.order);
    for (let i = failed.length - 1; i >= 0; i--) {
      const { offset, order } = failed[i];
      if (offset <= visit.offset && end <= offset + (1 << order)) failed.splice(i, 1);
    }
    (visit.result === 'SCAN_SUCCEED' ? collapsed : failed).push(visit);
  }
  return { collapsed, failed };
}

/** What has become of a window in a strip of all windows. */
export type StripKind = 'collapsed' | 'failed' | 'untried' | 'disabled' | 'later';

export function stripKind(visit: Visit, isDone: boolean): StripKind {
  if (!visit.enabled) return 'disabled';
  if (visit.result === undefined) return 'untried';
  if (!isDone) return 'later';
  return visit.result === 'SCAN_SUCCEED' ? 'collapsed' : 'failed';
}
