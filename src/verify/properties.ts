import { pagesPerRange } from '../core/memory/geometry.ts';
import { emptyOccupancy, hasPage, setPages } from '../core/memory/occupancy.ts';
import { asOffset, asOrder, type Order, ordersOf } from '../core/memory/order.ts';
import { actionAfter } from '../core/rules/scan-result.ts';
import { judgeWindow } from '../core/search/algorithm.ts';
import { collapsed } from './agreement.ts';
import { type AlgorithmRun, windowOf } from './algorithm-run.ts';
import type { Check } from './check-run.ts';
import type { CheckedAlgorithm } from './checked-algorithm.ts';
import { policyOf, type Shape } from './search-case.ts';

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
  visits: { text: 'at most 2^(PMD order - lowest order + 1) - 1 visits', holds: visitsFew },
  'stack-depth': { text: 'at most PMD order - 1 windows on the stack', holds: stacksFew },
} satisfies Record<string, { text: string; holds: (run: AlgorithmRun, shape: Shape) => boolean }>;

export type PropertyName = keyof typeof PROPERTIES;

export const PROPERTY_NAMES = Object.keys(PROPERTIES) as PropertyName[];

/** What a property says, in words. */
export function propertyLine(name: PropertyName): string {
  return PROPERTIES[name].text;
}

/** Which properties an algorithm breaks. */
export function propertiesOf(algorithm: CheckedAlgorithm): Check {
  return {
    algorithms: [algorithm],
    observed: true,
    judge: ([run], shape) =>
      PROPERTY_NAMES.filter((name) => !PROPERTIES[name].holds(run, shape)).map((name) => {
        return { kind: 'property', name };
      }),
  };
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
  /** When a window was first attempted, counted from 1; 0 if never. */
  const when = new Uint32Array(16 << pmdOrder);
  for (let i = run.windows.length - 1; i >= 0; i--) when[run.windows[i] >> 1] = i + 1;
  const stopped = run.results.some((result) => actionAfter(result) === 'stop');

  for (const order of enabled) {
    for (let offset = 0; offset < 1 << pmdOrder; offset += 1 << order) {
      if (!judgeWindow(range, policy, asOffset(offset), order).qualifies) continue;
      const attempted = when[(offset << 4) | order];
      if (attempted === 0 && !stopped && !isDoneWith(offset, order)) return false;
      for (const smaller of enabled) {
        if (smaller >= order) break;
        for (let inner = offset; inner < offset + (1 << order); inner += 1 << smaller) {
          const first = when[(inner << 4) | smaller];
          if (first !== 0 && (attempted === 0 || attempted > first)) return false;
        }
      }
    }
  }
  return true;

  /** Whether a window around this one collapsed or was skipped. */
  function isDoneWith(offset: number, order: Order): boolean {
    return enabled.some((larger) => {
      const attempted = larger > order ? when[((offset >> larger) << (larger + 4)) | larger] : 0;
      return attempted !== 0 && actionAfter(run.results[attempted - 1]) === 'next-offset';
    });
  }
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

function visitsFew({ visits }: AlgorithmRun, { range, orders }: Shape): boolean {
  const lowest = ordersOf(orders)[0] ?? asOrder(range.geometry.pmdOrder);
  return visits < (2 * pagesPerRange(range.geometry)) >> lowest;
}

function stacksFew({ stackDepth = 0 }: AlgorithmRun, { range }: Shape): boolean {
  return stackDepth <= range.geometry.pmdOrder - 1;
}
