import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { asOffset, asOrder, hasOrder, ordersOf, type Window } from '../../../src/core/memory/order.ts';
import { attemptEach, RangeResult, type Visit } from '../../../src/core/search/algorithm.ts';
import { stack } from '../../../src/core/search/stack.ts';
import { walk } from '../../../src/core/search/walk.ts';
import { policyOf, scannedOf } from '../../support/ranges.ts';
import '../../support/seed.ts';
import { attempts, searchCases } from '../arbitraries.ts';
import { qualifies, successes } from './reference-search.ts';

function end(window: Window): number {
  return window.offset + 2 ** window.order;
}

describe('when every attempt succeeds', () => {
  test('windows are aligned, enabled, inside the range and ascending, so that no page is covered twice', () => {
    fc.assert(
      fc.property(searchCases, ({ range, policy }) => {
        let done = 0;
        for (const window of successes(walk, range, policy)) {
          expect(window.offset % 2 ** window.order).toBe(0);
          expect(hasOrder(policy.orders, window.order)).toBe(true);
          expect(window.offset).toBeGreaterThanOrEqual(done);
          done = end(window);
        }
        expect(done).toBeLessThanOrEqual(2 ** range.geometry.pmdOrder);
      }),
      { numRuns: 500 },
    );
  });

  test('every enabled aligned window that qualifies lies in a collapsed one, so no larger one is missed', () => {
    const candidate = fc.record({ pick: fc.nat(), at: fc.nat() });
    const candidates = fc.array(candidate, { minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(searchCases, candidates, ({ range, policy }, picks) => {
        const orders = ordersOf(policy.orders);
        if (orders.length === 0) return;
        const collapsed = successes(walk, range, policy);
        for (const { pick, at } of picks) {
          const order = orders[pick % orders.length];
          const offset = asOffset(((at % 2 ** range.geometry.pmdOrder) >>> order) << order);
          if (!qualifies(range, policy, offset, order)) continue;
          const covering = collapsed.find((window) => window.offset <= offset && offset < end(window));
          expect(covering?.order).toBeGreaterThanOrEqual(order);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('whatever the outcomes', () => {
  test('every attempted window qualifies, and none is attempted twice', () => {
    fc.assert(
      fc.property(searchCases, attempts(), ({ range, policy }, attempt) => {
        const seen = new Set<string>();
        let attempted = 0;
        walk.collapse(range, policy, (batch) => {
          for (const { offset, order } of batch) {
            expect(qualifies(range, policy, offset, order)).toBe(true);
            seen.add(`${offset}:${order}`);
            attempted++;
          }
          return attempt(batch);
        });
        expect(seen.size).toBe(attempted);
      }),
      { numRuns: 50 },
    );
  });

  test('visits stay within the nodes from the PMD order down to the lowest enabled order', () => {
    fc.assert(
      fc.property(searchCases, attempts(), ({ range, policy }, attempt) => {
        const { pmdOrder } = range.geometry;
        const lowest = ordersOf(policy.orders)[0] ?? pmdOrder;
        let visits = 0;
        walk.collapse(range, policy, attempt, () => visits++);
        expect(visits).toBeLessThanOrEqual(2 ** (pmdOrder - lowest + 1) - 1);
      }),
      { numRuns: 500 },
    );
  });
});

function visitsOf(orders: string, algorithm = walk): Visit[] {
  const visits: Visit[] = [];
  algorithm.collapse(
    scannedOf({ present: 'all' }),
    policyOf({ orders, maxPtesNone: 0 }),
    attemptEach(() => 'SCAN_PAGE_COUNT'),
    (visit) => visits.push(visit),
  );
  return visits;
}

test.for([
  ['all', 255, 255],
  ['4,9', 63, 33],
  ['4', 63, 32],
  ['', 1, 0],
] as const)(
  'when everything fails, orders %j take %i visits and %i attempts',
  ([orders, visits, attempted]) => {
    for (const algorithm of [walk, stack]) {
      const seen = visitsOf(orders, algorithm);
      expect([seen.length, seen.filter((visit) => visit.result).length]).toEqual([visits, attempted]);
    }
  },
);

describe('what an observer sees', () => {
  test('each visit names the one that follows, the last none', () => {
    for (const algorithm of [walk, stack]) {
      const visits = visitsOf('all', algorithm);
      const next = visits.map((visit) => visit.next && [visit.next.offset, visit.next.order]);
      const following = visits.slice(1).map((visit) => [visit.offset, visit.order]);
      expect(next).toEqual([...following, undefined]);
    }
  });

  test('how many pages a window has and needs, and nothing of that for a disabled order', () => {
    const visits: Visit[] = [];
    const range = scannedOf({ present: '0-9', swap: '100-109' });
    walk.collapse(
      range,
      policyOf({ orders: '4,9', maxPtesNone: 500 }),
      attemptEach(() => 'SCAN_SUCCEED'),
      (visit) => visits.push(visit),
    );
    expect(visits[0]).toMatchObject({
      enabled: true,
      occupied: 20,
      needed: 12,
      qualifies: true,
      result: 'SCAN_SUCCEED',
    });
    expect(visitsOf('4')[0]).toMatchObject({
      enabled: false,
      occupied: 0,
      needed: 0,
      qualifies: false,
      result: undefined,
    });
  });

  test('the stack under each window of the stack algorithm', () => {
    const stacks = visitsOf('all', stack).map((visit) =>
      visit.stack?.map(({ offset, order }) => `${offset}:${order}`),
    );
    expect(stacks.slice(0, 3)).toEqual([[], ['256:8'], ['256:8', '128:7']]);
    expect(Math.max(...stacks.map((windows) => windows?.length ?? 0))).toBe(7);
  });

  test('the end, after an attempt that stops the search', () => {
    for (const algorithm of [walk, stack]) {
      const visits: Visit[] = [];
      const observe = (visit: Visit) => visits.push(visit);
      algorithm.collapse(
        scannedOf({ present: 'all' }),
        policyOf(),
        attemptEach(() => 'SCAN_COPY_MC'),
        observe,
      );
      expect(visits).toMatchObject([{ offset: 0, order: 9, result: 'SCAN_COPY_MC', next: undefined }]);
    }
  });
});

describe('the result of a range', () => {
  const reasons = [
    'SCAN_PAGE_COUNT',
    'SCAN_ALLOC_HUGE_PAGE_FAIL',
    'SCAN_PAGE_LOCK',
    'SCAN_PTE_MAPPED_HUGEPAGE',
  ] as const;
  function resultOf(results: Parameters<RangeResult['record']>[0][], model?: 'v18') {
    const outcome = new RangeResult();
    for (const result of results) outcome.record(result);
    return outcome.under(policyOf({ model }));
  }

  test('nothing attempted: SCAN_FAIL', () => expect(resultOf([])).toBe('SCAN_FAIL'));
  test('any success wins', () =>
    expect(resultOf(['SCAN_SUCCEED', ...reasons, 'SCAN_COPY_MC'])).toBe('SCAN_SUCCEED'));
  test('else a failed allocation, also an early one', () =>
    expect(resultOf([...reasons])).toBe('SCAN_ALLOC_HUGE_PAGE_FAIL'));
  test('else the last reason, a skipped window not counted', () =>
    expect(resultOf(['SCAN_PAGE_COUNT', 'SCAN_PAGE_LOCK', 'SCAN_PTE_MAPPED_HUGEPAGE'])).toBe(
      'SCAN_PAGE_LOCK',
    ));
  test('v18 knows only success and failure', () => {
    expect(resultOf([...reasons], 'v18')).toBe('SCAN_FAIL');
    expect(resultOf(['SCAN_SUCCEED'], 'v18')).toBe('SCAN_SUCCEED');
  });
});

test('the order of a window is kept apart from its offset by type', () => {
  // @ts-expect-error an Order is no Offset
  const offset: Window['offset'] = asOrder(4);
  expect(offset).toBe(4);
});
