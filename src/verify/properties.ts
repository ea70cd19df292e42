import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import { emptyOccupancy, hasPage, setPages } from '../core/memory/occupancy.ts';
import { asOffset, asOrder, type Order, type OrderSet, ordersOf } from '../core/memory/order.ts';
import { actionAfter, SCAN_RESULTS, type ScanResult } from '../core/rules/scan-result.ts';
import { judgeWindow } from '../core/search/algorithm.ts';
import { collapsed } from './agreement.ts';
import { type AlgorithmRun, windowOf } from './algorithm-run.ts';
import { policyOf, type Shape } from './cases/search-case.ts';
import type { Check } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';

/**
 * What a search should keep to, whatever the range, the policy and the outcomes. That every attempt is inside
 * the range, aligned and enabled is checked of every run.
 */
const PROPERTIES = {
  'largest-first': {
    text: 'no larger enabled aligned window that qualifies is ever missed',
    holds: missesNothing,
  },
  'covered-once': { text: 'every page is covered by at most one collapse', holds: coversOnce },
  'attempted-once': {
    text: 'every window is attempted at most once (once more with reclaim)',
    holds: attemptsOnce,
  },
  qualifying: { text: 'only windows that qualify are attempted', holds: attemptsQualifying },
  stops: { text: 'nothing is attempted after a result at which Linux 7.3 stops', holds: stopsInTime },
  'steps-over': {
    text: 'nothing is attempted inside a window past which Linux 7.3 goes on after its result',
    holds: stepsOver,
  },
  result: {
    text: 'the result is SCAN_SUCCEED if anything collapsed, else SCAN_FAIL or that of a failed attempt',
    holds: returnsWhatHappened,
  },
  'failed-allocation': {
    text: 'if nothing collapsed and an allocation failed, the result is SCAN_ALLOC_HUGE_PAGE_FAIL',
    holds: keepsFailedAllocation,
  },
  visits: { text: 'at most 2^(PMD order - lowest order + 1) - 1 visits, but for retries', holds: visitsFew },
  'stack-depth': { text: 'at most PMD order - 1 windows on the stack', holds: stacksFew },
} satisfies Record<string, { text: string; holds: (run: AlgorithmRun, shape: Shape) => boolean }>;

export type PropertyName = keyof typeof PROPERTIES;

export const PROPERTY_NAMES = Object.keys(PROPERTIES) as PropertyName[];

/** What a property says, in words. */
export function propertyLine(name: PropertyName): string {
  return PROPERTIES[name].text;
}

/**
 * Whether an algorithm means to do otherwise: the proposed rebuild stops, and returns, by rules of its own
 * (docs/khugepaged.md#rounds-results).
 */
export function departsByDesign(algorithm: string, name: PropertyName): boolean {
  return algorithm === 'rounds' && ['stops', 'result', 'failed-allocation'].includes(name);
}

/** What an algorithm reports of its search: without it nothing can be said about it. */
export interface Reported {
  visits: boolean;
  stack: boolean;
}

/** Which properties an algorithm breaks; `reported` is told what it lets see of its search. */
export function propertiesOf(
  algorithm: CheckedAlgorithm,
  reported: Reported = { visits: false, stack: false },
): Check {
  return {
    algorithms: [algorithm],
    observed: true,
    judge: ([run], shape) => {
      if (run.visits > 0) reported.visits = true;
      if (run.stackDepth !== undefined) reported.stack = true;
      return brokenProperties(run, shape).map((name) => ({ kind: 'property', name }));
    },
  };
}

/** The properties that a run breaks. */
export function brokenProperties(run: AlgorithmRun, shape: Shape): PropertyName[] {
  return PROPERTY_NAMES.filter((name) => !PROPERTIES[name].holds(run, shape));
}

/** Whether an algorithm lets see what a property is about. */
export function isReported(name: PropertyName, { visits, stack }: Reported): boolean {
  return name === 'visits' ? visits : name === 'stack-depth' ? stack : true;
}

/**
 * Every window that qualifies is attempted, lies in one that is done with, or comes after the end; and before
 * any window is attempted, all those around it are that qualify.
 */
function missesNothing(run: AlgorithmRun, shape: Shape): boolean {
  const { range, orders } = shape;
  const { pmdOrder } = range.geometry;
  const policy = run.policy ?? policyOf(shape, run.algorithm.model);
  const enabled = ordersOf(orders);
  /** When a window was first attempted, counted from 1. */
  const when = new Map<number, number>();
  for (let i = run.windows.length - 1; i >= 0; i--) when.set(run.windows[i] >> 1, i + 1);
  const around = (offset: number, order: Order) => ((offset & -(1 << order)) << 4) | order;

  for (const [window, first] of when) {
    const [offset, order] = [window >> 4, window & 15];
    for (const larger of enabled) {
      const before = larger > order ? when.get(around(offset, larger)) : 0;
      if (before !== undefined && before < first) continue;
      if (judgeWindow(range, policy, asOffset(offset & -(1 << larger)), larger).qualifies) return false;
    }
  }
  // Where a code is none of 7.3's, nobody says how a search goes on after it.
  if (run.results.some((result) => actionAfter(result) === 'stop')) return true;

  /** Whether a window, or one around it, collapsed or was skipped. */
  const isDoneWith = (offset: number, order: Order) =>
    enabled.some((larger) => {
      const attempted = larger > order ? when.get(around(offset, larger)) : undefined;
      return attempted !== undefined && actionAfter(run.results[attempted - 1]) === 'next-offset';
    });
  for (const order of enabled) {
    for (let offset = 0; offset < 1 << pmdOrder; offset += 1 << order) {
      if (when.has((offset << 4) | order) || isDoneWith(offset, order)) continue;
      if (judgeWindow(range, policy, asOffset(offset), order).qualifies) return false;
    }
  }
  return true;
}

/** Results at which 7.3 stops; what only the rebuild returns is none of them. */
const STOPS: ReadonlySet<ScanResult> = new Set(SCAN_RESULTS.filter((each) => actionAfter(each) === 'stop'));

function attemptsQualifying(run: AlgorithmRun, shape: Shape): boolean {
  const policy = run.policy ?? policyOf(shape, run.algorithm.model);
  return run.windows.every((code) => {
    const { offset, order } = windowOf(code);
    return judgeWindow(shape.range, policy, offset, order).qualifies;
  });
}

/** Windows that are handed over together are attempted together, whatever the first of them ends with. */
function stopsInTime({ results, rounds }: AlgorithmRun): boolean {
  const stop = results.findIndex((result) => STOPS.has(result));
  return stop < 0 || (rounds.at(-1) ?? 0) <= stop;
}

/** As with `stopsInTime`, windows that are handed over together do not know of each other. */
function stepsOver({ windows, results, rounds }: AlgorithmRun, { orders }: Shape): boolean {
  if (windows.length < 2) return true;
  const enabled = ordersOf(orders);
  const done = new Set<number>();
  for (const [round, from] of rounds.entries()) {
    const end = rounds[round + 1] ?? windows.length;
    for (let i = from; i < end && done.size > 0; i++) {
      const { offset, order } = windowOf(windows[i]);
      if (enabled.some((larger) => larger > order && done.has(((offset & -(1 << larger)) << 4) | larger)))
        return false;
    }
    for (let i = from; i < end; i++) if (actionAfter(results[i]) === 'next-offset') done.add(windows[i] >> 1);
  }
  return true;
}

function returnsWhatHappened({ results, result }: AlgorithmRun): boolean {
  if (results.includes('SCAN_SUCCEED')) return result === 'SCAN_SUCCEED';
  return result === 'SCAN_FAIL' || results.includes(result);
}

function keepsFailedAllocation({ results, result }: AlgorithmRun): boolean {
  if (results.includes('SCAN_SUCCEED') || !results.includes('SCAN_ALLOC_HUGE_PAGE_FAIL')) return true;
  return result === 'SCAN_ALLOC_HUGE_PAGE_FAIL';
}

function coversOnce(run: AlgorithmRun, { range }: Shape): boolean {
  const covered = emptyOccupancy(range.geometry);
  for (const code of collapsed(run)) {
    const { offset, order } = windowOf(code);
    for (let page: number = offset; page < offset + (1 << order); page++)
      if (hasPage(covered, page)) return false;
    setPages(covered, offset, 1 << order);
  }
  return true;
}

function attemptsOnce({ windows }: AlgorithmRun): boolean {
  return windows.length < 2 || new Set(windows).size === windows.length;
}

/** A window that is attempted again with reclaim is visited again. */
function visitsFew({ visits, windows }: AlgorithmRun, { range, orders }: Shape): boolean {
  if (visits <= mostVisits(range.geometry, orders)) return true;
  const retries = windows.filter((code) => windowOf(code).reclaim).length;
  return visits - retries <= mostVisits(range.geometry, orders);
}

/** Visits of a search that looks at each window down to the lowest enabled order once. */
export function mostVisits(geometry: Geometry, orders: OrderSet): number {
  const lowest = ordersOf(orders)[0] ?? asOrder(geometry.pmdOrder);
  return ((2 * pagesPerRange(geometry)) >> lowest) - 1;
}

function stacksFew({ stackDepth = 0 }: AlgorithmRun, { range }: Shape): boolean {
  return stackDepth <= mostStacked(range.geometry);
}

/** Windows on a stack that descends to order 2 by halves, with the one that is visited. */
export function mostStacked({ pmdOrder }: Geometry): number {
  return pmdOrder - 1;
}
