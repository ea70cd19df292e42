import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { followHistory } from '../../src/analysis/prediction/fault-steps.ts';
import type { PageAct } from '../../src/core/fault/history.ts';
import { playHistory } from '../../src/core/fault/history.ts';
import { VmaPages } from '../../src/core/fault/vma-pages.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { anonOrders, type OrderSet } from '../../src/core/memory/order.ts';
import { windowStart } from '../../src/core/memory/page-span.ts';
import { rangeText } from '../../src/core/memory/range-text.ts';
import { faultResidentWords } from '../../src/render/words/explain/fault-words.ts';
import { faultPicture } from '../../web/faults/fault-picture.ts';
import { FAULT_PRESETS } from '../../web/faults/faults-presets.ts';
import {
  type FaultsState,
  faultsCommandLine,
  faultsOfParams,
  faultsOfRange,
  paramsOfFaults,
} from '../../web/faults/faults-state.ts';
import { PRESETS } from '../../web/steps/steps-presets.ts';
import type { Params } from '../../web/steps/steps-state.ts';
import { rangeOf } from '../support/ranges.ts';

const states: fc.Arbitrary<FaultsState> = fc
  .tuple(fc.constantFrom(3, 4, 9), fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 60 }))
  .chain(([pmdOrder, start, size]) => {
    const geometry = geometryOfPmdOrder(pmdOrder);
    const act = fc
      .tuple(
        fc.constantFrom('write' as const, 'read' as const, 'dontneed' as const),
        fc.nat(size - 1),
        fc.nat(9),
      )
      .map(
        ([kind, first, more]): PageAct => ({
          kind,
          first: start + first,
          end: Math.min(start + first + more + 1, start + size),
        }),
      );
    return fc.record({
      geometry: fc.constant(geometry),
      vma: fc.constant({ start, end: start + size }),
      acts: fc.array(act, { maxLength: 12 }),
      policy: fc.record({
        orders: fc
          .nat({ max: anonOrders(geometry) })
          .map((mask) => (mask & anonOrders(geometry)) as OrderSet),
        hugeZeroPage: fc.boolean(),
      }),
    });
  });

const follow = ({ geometry, vma, policy, acts }: FaultsState) => followHistory(geometry, vma, policy, acts);

function linkOf(state: FaultsState): Params {
  return JSON.parse(JSON.stringify(paramsOfFaults(state))) as Params;
}

describe('links to page faults', () => {
  test('lead to the same page faults again', () => {
    fc.assert(
      fc.property(states, (state) => {
        expect(faultsOfParams(linkOf(state))).toEqual({ state, problems: [] });
      }),
    );
  });

  test('say what they say wrongly, and show the rest', () => {
    const { state, problems } = faultsOfParams({ vma: '9-3', history: 'w600', orders: '2-19', pmd: '9' });
    expect(problems.map(({ message }) => message)).toEqual([
      "VMA '9-3': ends before it begins; the end is exclusive",
      "history: 'w600' lies outside of the VMA, whose pages are 0 to 511",
      expect.stringContaining('19'),
    ]);
    expect(state).toMatchObject({ vma: { start: 0, end: 512 }, acts: [], policy: { hugeZeroPage: true } });
  });

  test('follow at most so many touches, and name the command that follows more', () => {
    const { state, problems } = faultsOfParams({ vma: '0-100000', history: 'd0-99999 w0-16384' });
    expect(state.acts).toEqual([]);
    expect(problems[0]?.message).toContain('16385 touches');
    expect(faultsOfParams({ vma: '0-100000', history: 'd0-99999 w0-16383' }).problems).toEqual([]);
  });
});

describe('the picture of a step', () => {
  test('is the range that the history up to there leaves', () => {
    fc.assert(
      fc.property(states, fc.nat(), (state, at) => {
        const followed = follow(state);
        if (followed.steps.length === 0) return;
        const index = at % followed.steps.length;
        const picture = faultPicture(followed, index);
        const replayed = new VmaPages(state.geometry, state.vma, state.policy);
        for (const { act, page, pages } of followed.steps.slice(0, index + 1))
          playHistory(replayed, [{ kind: act.kind, first: page, end: page + pages }]);
        const step = followed.steps[index];
        expect(picture.rangeStart).toBe(windowStart(step.page, state.geometry.pmdOrder));
        expect(rangeText(picture.range)).toEqual(rangeText(replayed.rangeAt(step.page)));
      }),
    );
  });

  test('counts as filled what is resident and not written', () => {
    fc.assert(
      fc.property(states, (state) => {
        const followed = follow(state);
        const { pages, steps, writtenPages } = followed;
        const filled = new Map(
          steps.map((_, index) => {
            const picture = faultPicture(followed, index);
            return [picture.rangeStart, picture.filled.size];
          }),
        );
        // Giving back may reach into ranges whose last picture is of an earlier step.
        if (state.acts.some(({ kind }) => kind === 'dontneed')) return;
        const total = [...filled.values()].reduce((sum, each) => sum + each, 0);
        expect(total).toBe(pages.present - writtenPages);
      }),
    );
  });

  test('shows the window that is taken, what is in the way and what lies outside', () => {
    const edge = follow(faultsOfParams({ vma: '3-1024', history: 'w3 w37 w5 w600', orders: '2-9' }).state);
    expect(faultPicture(edge, 1)).toMatchObject({
      rangeStart: 0,
      taken: { offset: 32, order: 5 },
      folios: [{ offset: 32, order: 5 }],
      touched: [37],
      outside: new Set([0, 1, 2]),
    });
    expect(faultPicture(edge, 2)).toMatchObject({ taken: { offset: 4, order: 2 }, inTheWay: [] });
    expect(faultPicture(edge, 3)).toMatchObject({ rangeStart: 512, taken: { offset: 0, order: 9 } });
    const zero = follow(faultsOfParams({ history: 'r100 w101', orders: '2-6' }).state);
    expect(faultPicture(zero, 1)).toMatchObject({ taken: undefined, inTheWay: [100], touched: [101] });
  });
});

describe('cases of page faults', () => {
  const folios: Record<string, string> = {
    'fault-pmd': '0:9',
    'fault-edge': '32:5 256:8',
    'fault-decomposition': '8:3 16:4 32:5 64:6 128:7 256:8 512:8 768:7 896:6 960:5 992:4 1008:3 1016:2',
    'fault-between': '8:2',
    'fault-occupied': '0:6 96:2',
    'fault-zero': '0:6',
    'fault-huge-zero': '0:9',
    'fault-no-huge-zero': '0:9',
    'fault-dontneed': '0:9',
  };

  test.each(FAULT_PRESETS)('$id is a link without mistakes and does what it says', ({ id, params }) => {
    const { state, problems } = faultsOfParams(params);
    expect(problems).toEqual([]);
    expect(linkOf(state)).toEqual(params);
    const left = follow(state)
      .pages.folios()
      .map(({ first, order }) => `${first}:${order}`);
    expect(left.join(' ')).toBe(folios[id]);
  });

  test('have names of their own, also among the searches', () => {
    const all = [...PRESETS, ...FAULT_PRESETS];
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
    expect(new Set(all.map(({ title }) => title)).size).toBe(all.length);
  });

  test('are the same in a terminal', () => {
    const { state } = faultsOfParams({
      vma: '3-40',
      history: 'w3 r9-12',
      orders: '2',
      zeropage: '0',
      pmd: '4',
    });
    expect(faultsCommandLine(state)).toBe(
      'thpscope faults --vma 3-40 --history "w3 r9-12" --orders 2 --no-zero-page --pmd-order 4',
    );
  });

  test('on ppc64, where 32 pages of 64K are 2M', () => {
    const { state, problems } = faultsOfParams({ vma: '0-64', history: 'w3', orders: '256K,2M', pmd: '5' });
    expect(problems).toEqual([]);
    expect(state.geometry).toEqual({ pageShift: 16, pmdOrder: 5 });
    expect(faultsCommandLine(state)).toBe(
      'thpscope faults --vma 0-64 --history "w3" --orders 2,5 --pmd-order 5',
    );
  });
});

describe('the page faults of a range', () => {
  const range = rangeOf({ present: '3,100-102', zero: '101', swap: '7' });

  test('are writes of the pages that were touched', () => {
    expect(faultsOfRange(range, { start: 2, end: 512 })).toEqual({
      vma: { start: 2, end: 512 },
      acts: [3, 7, 100, 102].map((first) => ({ kind: 'write', first, end: first + 1 })),
    });
  });

  test('stand in a VMA that is the whole range where pages were painted outside of it', () => {
    expect(faultsOfRange(range, { start: 5, end: 512 }).vma).toEqual({ start: 0, end: 512 });
  });
});

test('what is resident is said with what was written', () => {
  const followed = follow(faultsOfParams({ history: 'w37 r200', vma: '3-1024', orders: '2-9' }).state);
  expect(faultResidentWords(followed)).toBe(
    '32 pages resident (128K): 1 written, 31 filled by page faults (124K); 1 page of the zero page',
  );
});
