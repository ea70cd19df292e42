import { pagesPerRange } from '../core/memory/geometry.ts';
import { countWindow } from '../core/memory/occupancy.ts';
import { asOffset, MIN_ANON_ORDER, type Offset, type Order } from '../core/memory/order.ts';
import type { CollapsePolicy } from '../core/rules/policy.ts';
import { actionAfter } from '../core/rules/scan-result.ts';
import {
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  RangeResult,
  type ScannedRange,
  visitOf,
} from '../core/search/algorithm.ts';
import { walk } from '../core/search/walk.ts';

/**
 * The search of the early versions (v1 to v10): it keeps a bit for each four PTEs, set if few of them are
 * holes, and asks a window for enough set bits. `always` takes every enabled window, as those versions do for
 * sizes that are set to always: the scaled limit then decides in the attempt alone. Source:
 * docs/khugepaged.md#historic-none-rules.
 */
export function chunkSearch(name: string, always: boolean): CollapseAlgorithm {
  return {
    name,
    collapse(range, policy, attempt, observe) {
      const setting = { geometry: range.geometry, orders: policy.orders, minOrder: policy.model.minOrder };
      const outcome = new RangeResult();
      let state = walk.machine.start(setting);
      for (let at = walk.machine.window(state, setting); at !== undefined; ) {
        const window = judgeChunks(range, policy, at.offset, at.order, always);
        const result = window.qualifies ? attempt([window])[0] : undefined;
        if (result !== undefined) outcome.record(result);
        const refused = window.enabled ? 'too-few' : 'disabled';
        state = walk.machine.next(state, result === undefined ? refused : actionAfter(result), setting);
        at = walk.machine.window(state, setting);
        observe?.(visitOf(window, result, at && { offset: at.offset, order: at.order }));
      }
      return outcome.under(policy);
    },
  };
}

/** A window by its set bits: more of them than its share of those that max_ptes_none leaves in a range. */
function judgeChunks(
  range: ScannedRange,
  policy: CollapsePolicy,
  offset: Offset,
  order: Order,
  always: boolean,
): JudgedWindow {
  const window = judgeWindow(range, policy, offset, order);
  if (!window.enabled) return window;
  const { geometry } = range;
  const size = 1 << MIN_ANON_ORDER;
  const holes = policy.maxPtesNone >>> (geometry.pmdOrder - MIN_ANON_ORDER);
  let bits = 0;
  for (let chunk: number = offset; chunk < offset + (1 << order); chunk += size)
    if (size - countWindow(range.occupied, asOffset(chunk), MIN_ANON_ORDER) <= holes) bits++;
  const share = geometry.pmdOrder - (order - MIN_ANON_ORDER);
  const threshold = (pagesPerRange(geometry) - policy.maxPtesNone - 1) >>> share;
  const isOnly = policy.orders === 1 << order && order === geometry.pmdOrder;
  return { ...window, qualifies: always || isOnly || bits > threshold };
}
