import type { Geometry } from '../../../src/core/memory/geometry.ts';
import type { Visit } from '../../../src/core/search/algorithm.ts';
import { windowName } from '../../../src/render/words/explain/explain-steps.ts';

/** What so many first steps of a run did to windows. */
interface WindowsSoFar {
  readonly collapsed: readonly Visit[];
  /** Attempts that failed, without those inside of which smaller ones were then made. */
  readonly failed: readonly Visit[];
}

export function windowsSoFar(steps: readonly Visit[], done: number, { pmdOrder }: Geometry): WindowsSoFar {
  const collapsed: Visit[] = [];
  const failed = new Map<string, Visit>();
  for (const visit of steps.slice(0, done)) {
    if (visit.result === undefined) continue;
    for (let order: number = visit.order; order <= pmdOrder; order++)
      failed.delete(`${visit.offset - (visit.offset % (1 << order))}:${order}`);
    if (visit.result === 'SCAN_SUCCEED') collapsed.push(visit);
    else failed.set(windowName(visit), visit);
  }
  return { collapsed, failed: [...failed.values()] };
}

/** What has become of a window in a strip of all windows. */
type StripKind = 'collapsed' | 'failed' | 'untried' | 'disabled' | 'later';

export function stripKind(visit: Visit, isDone: boolean): StripKind {
  if (!visit.enabled) return 'disabled';
  if (visit.result === undefined) return 'untried';
  if (!isDone) return 'later';
  return visit.result === 'SCAN_SUCCEED' ? 'collapsed' : 'failed';
}
