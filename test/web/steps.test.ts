import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import '../support/seed.ts';
import { geometryOfPmdOrder, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { anonOrders, asOffset, asOrder, type OrderSet, orderSet } from '../../src/core/memory/order.ts';
import { rangeText } from '../../src/core/memory/range-text.ts';
import { applyPlan } from '../../src/core/plan/apply-plan.ts';
import { planRange } from '../../src/core/plan/plan.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { type OutcomeRule, parseOutcome } from '../../src/core/rules/outcome.ts';
import { collapsePolicy } from '../../src/core/rules/policy.ts';
import type { Visit } from '../../src/core/search/algorithm.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { gridColumns } from '../../src/render/svg/pte-layers.ts';
import { align, alignmentText, type By, rowUnder, stepAt } from '../../web/steps/alignment.ts';
import { withOutcome } from '../../web/steps/decide-outcome.ts';
import { pagesBetween, paintPages } from '../../web/steps/range/edit-range.ts';
import { paramsOfRange } from '../../web/steps/range/range-params.ts';
import { runSearch, type SearchRun } from '../../web/steps/searches/run.ts';
import { SEARCHES } from '../../web/steps/searches/searches.ts';
import { stepsParams } from '../../web/steps/steps-link.ts';
import { PRESET_GROUPS, PRESETS } from '../../web/steps/steps-presets.ts';
import {
  type ParamChanges,
  type Params,
  paramsOfState,
  type StepsState,
  stateOfParams,
  withPmdOrder,
} from '../../web/steps/steps-state.ts';
import { ranges } from '../analysis/arbitraries.ts';
import { listPages, valueOf } from '../support/ranges.ts';

const MODELS = Object.keys(KERNEL_MODELS) as KernelModelName[];

const states: fc.Arbitrary<StepsState> = fc
  .constantFrom(3, 4, 9, 11)
  .map(geometryOfPmdOrder)
  .chain((geometry) => {
    const limit = fc.nat({ max: pagesPerRange(geometry) - 1 });
    const name = fc.constantFrom(...SEARCHES.keys());
    const outcome = fc
      .record({
        order: fc.integer({ min: 2, max: geometry.pmdOrder }),
        place: fc.option(fc.nat({ max: 7 })),
        result: fc.constantFrom('SCAN_SUCCEED' as const, 'SCAN_PAGE_COUNT' as const, 'SCAN_FAIL' as const),
      })
      .map(({ order, place, result }): OutcomeRule => {
        const at = place === null ? undefined : (place << order) % pagesPerRange(geometry);
        return { offset: at === undefined ? undefined : asOffset(at), orders: orderSet([order]), result };
      });
    return fc.record({
      range: ranges(geometry),
      orders: fc.nat({ max: anonOrders(geometry) }).map((mask) => (mask & anonOrders(geometry)) as OrderSet),
      limits: fc.record({ maxPtesNone: limit, maxPtesSwap: limit, maxPtesShared: limit }),
      model: fc.constantFrom(...MODELS),
      left: name,
      right: name,
      outcomes: fc.array(outcome, { maxLength: 3 }),
    });
  });

/** The parameters of a link after changes. */
function applied(changes: ParamChanges): Params {
  const entries = Object.entries(changes).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as Params;
}

function attemptsOf({ steps, attempts }: SearchRun): string[] {
  return attempts.map((index) => `${steps[index].offset}:${steps[index].order}`);
}

const runs = (params: Params): [SearchRun, SearchRun] => {
  const { state, problems } = stateOfParams(params);
  expect(problems).toEqual([]);
  return [runSearch(state, state.left), runSearch(state, state.right)];
};
const compare = (params: Params, by: By) => align(...runs(params), by);

describe('links', () => {
  test('lead to the state that they were made of, and back to themselves', () => {
    fc.assert(
      fc.property(states, (state) => {
        const params = applied(paramsOfState(state));
        const again = stateOfParams(params);
        expect(again.problems).toEqual([]);
        expect(applied(paramsOfState(again.state))).toEqual(params);
        for (const name of [state.left, state.right])
          expect(runSearch(again.state, name).steps).toEqual(runSearch(state, name).steps);
      }),
    );
  });

  test('hold addresses of 57 bits', () => {
    const { state, problems } = stateOfParams({ present: '', pmd: '13', address: '0x1000004e0000000' });
    expect(problems).toEqual([]);
    expect(state.range.address).toBe(2 ** 56 + 0x4e0000000);
    expect(stateOfParams({ present: '', address: '0x200000000000000' }).problems).toHaveLength(1);
  });

  test('from the map carry every fact of the range', () => {
    fc.assert(
      fc.property(ranges(geometryOfPmdOrder(9)), (range) => {
        const all = anonOrders(range.geometry);
        const policy = { always: all, madvise: 0 as OrderSet, model: 'linux-7.2' } as const;
        const limits = { maxPtesNone: 511, maxPtesSwap: 64, maxPtesShared: 256 };
        const { state } = stateOfParams(applied(stepsParams(range, { ...policy, ...limits })));
        const asked = collapsePolicy(all, limits, KERNEL_MODELS['linux-7.2'], range.geometry);
        expect(runSearch(state, 'walk').plan).toEqual(planRange(range, asked));
        expect(paramsOfRange(state.range)).toEqual(paramsOfRange(range));
      }),
    );
  });

  test('that say something wrong say what, and show the rest', () => {
    const { state, problems } = stateOfParams({
      present: '0-600',
      swapped: '3',
      orders: '4-77',
      limit: '512',
      model: 'linux-1.0',
      left: 'run',
      outcomes: '4=SCAN_NOTHING 4=SCAN_PAGE_COUNT',
      folios: '44@1',
      address: '0x1000',
    });
    expect(problems).toHaveLength(8);
    expect(problems[1].message).toMatch(/^present: .*0-600 is out of range/);
    expect(rangeText(state.range)).toMatchObject({ swap: '3' });
    expect(state.outcomes).toHaveLength(1);
    expect(state.left).toBe('walk');
  });
});

describe('runs', () => {
  test('have the steps that planRange reports', () => {
    fc.assert(
      fc.property(states, fc.constantFrom(...Object.values(ALGORITHMS)), (state, algorithm) => {
        const { range, orders, limits, outcomes } = state;
        const policy = collapsePolicy(orders, limits, KERNEL_MODELS[state.model], range.geometry);
        const visits: Visit[] = [];
        const plan = planRange(range, policy, {
          algorithm,
          outcomes,
          observe: (visit) => visits.push(visit),
        });
        const run = runSearch(state, algorithm.name);
        expect(run.steps).toEqual(visits);
        expect(run.plan).toEqual(plan);
        expect(attemptsOf(run)).toEqual(plan.attempts.map(({ offset, order }) => `${offset}:${order}`));
      }),
    );
  });

  test('of mistakes have their steps, too', () => {
    const state = { ...stateOfParams({ present: '0,4', orders: '2', limit: '7', pmd: '3' }).state };
    const run = runSearch(state, 'right-before-left');
    expect(run.reportsVisits).toBe(true);
    expect(attemptsOf(run)).toEqual(['4:2', '0:2']);
    expect(run.steps[1]).toMatchObject({
      occupied: 1,
      needed: 1,
      result: 'SCAN_SUCCEED',
      next: { offset: 0 },
    });
  });

  test('end where a search does what none may do', () => {
    const small = PRESETS.find(({ id }) => id === 'small-step')!;
    const [, run] = runs(small.params);
    expect(run.fault).toMatch(/2:2, which is not aligned/);
    expect(attemptsOf(run)).toEqual(['0:2']);
    expect(run.plan).toBeUndefined();
    expect(run.reportsVisits).toBe(true);
  });
});

describe('two runs', () => {
  test('walk and stack are the same, step by step', () => {
    fc.assert(
      fc.property(states, (state) => {
        const aligned = align(runSearch(state, 'walk'), runSearch(state, 'stack'), 'steps');
        expect(alignmentText(aligned)).toBe('same steps');
        expect(aligned.firstDifference).toBeUndefined();
      }),
    );
  });

  test('differ first where the first row differs', () => {
    fc.assert(
      fc.property(states, fc.constantFrom<By>('steps', 'attempts'), (state, by) => {
        const aligned = align(runSearch(state, state.left), runSearch(state, state.right), by);
        const name = (side: 'left' | 'right', row: number) => {
          const step = stepAt(aligned, side, row);
          const visit = step === undefined ? undefined : aligned[side].steps[step];
          if (visit) return `${visit.offset}:${visit.order} ${visit.enabled} ${visit.result}`;
          const { plan, fault } = aligned[side];
          return row === aligned.rows && aligned.resultsDiffer ? (fault ?? plan?.result) : undefined;
        };
        let first: number | undefined;
        for (let row = aligned.rows; row >= 1; row--)
          if (name('left', row) !== name('right', row)) first = row;
        expect(aligned.firstDifference).toBe(first);
      }),
    );
  });

  test('keep their place when they are aligned anew', () => {
    const v17 = PRESETS.find(({ id }) => id === 'v17')!;
    const bySteps = compare(v17.params, 'steps');
    const byAttempts = compare(v17.params, 'attempts');
    for (let attempt = 1; attempt <= byAttempts.rows; attempt++) {
      const row = rowUnder(byAttempts, attempt, 'steps');
      expect(stepAt(bySteps, 'left', row)).toBe(stepAt(byAttempts, 'left', attempt));
      expect(rowUnder(bySteps, row, 'attempts')).toBe(attempt);
    }
  });
});

describe('presets', () => {
  test('have names of their own', () => {
    expect(new Set(PRESETS.map(({ id }) => id)).size).toBe(PRESETS.length);
    expect(new Set(PRESETS.map(({ title }) => title)).size).toBe(PRESETS.length);
  });

  test.each(PRESETS)('$id is a link without mistakes that reproduces itself', ({ params }) => {
    const { state, problems } = stateOfParams(params);
    expect(problems).toEqual([]);
    expect(applied(paramsOfState(state))).toMatchObject(
      Object.fromEntries(Object.entries(params).filter(([key]) => !['orders', 'present'].includes(key))),
    );
  });

  const expected: Record<string, string> = {
    'all-fail': 'same steps',
    'stack-drawn': 'same steps',
    v17: 'same attempts; steps differ from 8 on',
    'no-orders': 'same attempts; steps differ from 2 on',
    patch11: 'attempts differ from number 3 on',
    'v18-swap': 'attempts differ from number 1 on',
    'highest-bit': 'attempts differ from number 2 on',
    'small-step': 'same attempts, other result',
    'bit-of-zero': 'attempts differ from number 1 on',
    'no-swap': 'attempts differ from number 1 on',
    'no-skip': 'attempts differ from number 2 on',
    'left-pushed-first': 'attempts differ from number 1 on',
    scaled: 'attempts differ from number 1 on',
    capped: 'attempts differ from number 1 on',
    rounds: 'attempts differ from number 2 on',
    'rounds-stop': 'attempts differ from number 2 on',
    'rounds-reported': 'the results differ',
    'rounds-reclaim': 'attempts differ from number 2 on',
    disabled: 'same steps',
  };
  test.each(Object.entries(expected))('%s: %s', (id, text) => {
    const preset = PRESETS.find((each) => each.id === id)!;
    expect(alignmentText(compare(preset.params, 'steps'))).toBe(text);
  });

  test('show the mistakes, each in an example of its own', () => {
    const group = PRESET_GROUPS.find(({ title }) => title === 'Mistakes of the thread')!;
    const shown = group.presets.map(({ params }) => params.right);
    const there = [...SEARCHES.values()].flatMap(({ kind, name }) => (kind === 'mistake' ? [name] : []));
    expect(shown.sort()).toEqual(there.sort());
  });

  test('say what the search does with the vectors of the walk', () => {
    const attempts = (id: string) => attemptsOf(runs(PRESETS.find((each) => each.id === id)!.params)[0]);
    expect(attempts('example')).toEqual(['4:2', '12:2', '16:3', '24:2']);
    expect(attempts('fallback').slice(0, 6)).toEqual(['0:9', '0:8', '0:7', '0:6', '64:6', '128:7']);
    expect(attempts('pinned')).toEqual(
      '0:9 0:8 0:7 0:6 0:5 32:5 32:4 32:3 32:2 36:2 40:3 48:4 64:6 128:7 256:8'.split(' '),
    );
    expect(attempts('charge')).toEqual(['0:9', '0:6', '64:6']);
    expect(attempts('swap')).toEqual(['0:9']);
    expect(attempts('arm64-16k')).toEqual(['0:2', '1024:10']);
    expect(attempts('disabled')).toHaveLength(18);
    expect(compare(PRESETS.find(({ id }) => id === 'all-fail')!.params, 'steps').rows).toBe(255);
  });

  test('creep, pass by pass, as docs/creep.md has it', () => {
    const { state } = stateOfParams(PRESETS.find(({ id }) => id === 'scaled')!.params);
    let { range } = state;
    const sizes: number[] = [];
    for (let pass = 0; pass < 6; pass++) {
      const { plan } = runSearch({ ...state, range }, 'scaled');
      range = applyPlan(range, plan!);
      sizes.push(listPages(range.facts.present).length);
    }
    expect(sizes[0]).toBe(4);
    expect(sizes.at(-1)).toBe(512);
  });
});

describe('editing', () => {
  const { range } = stateOfParams({ present: '0-7', zeroed: '3', swapped: '9', folios: '2@4-7' }).state;

  test('a painted PTE is what the brush makes it and nothing else', () => {
    expect(rangeText(paintPages(range, [3, 9], { kind: 'present' }))).toEqual({
      present: '0-7,9',
      folioOrders: { 2: '4-7' },
    });
    expect(rangeText(paintPages(range, [0, 5], { kind: 'swap' }))).toMatchObject({
      present: '1-4,6-7',
      swap: '0,5,9',
    });
    expect(rangeText(paintPages(range, [1], { kind: 'shared' }))).toMatchObject({ shared: '1' });
    expect(rangeText(paintPages(range, [12], { kind: 'zero' }))).toMatchObject({
      present: '0-7,12',
      zero: '3,12',
    });
    expect(rangeText(paintPages(range, [0, 1, 2, 3, 4, 5, 6, 7, 9], { kind: 'empty' }))).toEqual({});
  });

  test('a folio is a whole aligned block', () => {
    const painted = paintPages(range, [13, 30], { kind: 'folio', order: asOrder(3) });
    expect(rangeText(painted)).toMatchObject({
      present: '0-15,24-31',
      folioOrders: { 2: '4-7', 3: '8-15,24-31' },
    });
  });

  test('the way from one PTE to another leaves no gap', () => {
    const columns = gridColumns(range.geometry);
    expect(columns).toBe(32);
    expect(pagesBetween(0, 4, columns)).toEqual([0, 1, 2, 3, 4]);
    expect(pagesBetween(70, 5, columns)).toEqual([70, 38, 5]);
    expect(pagesBetween(9, 9, columns)).toEqual([9]);
  });

  test('an outcome for a window replaces that of the window, one for an order those of its windows', () => {
    const rules = ['6=SCAN_PAGE_LOCK', '64:6=SCAN_PAGE_COUNT', '7-8=SCAN_FAIL'].map((text) =>
      valueOf(parseOutcome(text, range.geometry)),
    );
    const window = { offset: asOffset(64), order: asOrder(6) };
    const text = (scope: 'window' | 'order', result: 'SCAN_SUCCEED' | undefined) =>
      paramsOfState({ ...stateOfParams({}).state, outcomes: withOutcome(rules, window, scope, result) })
        .outcomes;
    expect(text('window', 'SCAN_SUCCEED')).toBe('6=SCAN_PAGE_LOCK 7-8=SCAN_FAIL 64:6=SCAN_SUCCEED');
    expect(text('window', undefined)).toBe('6=SCAN_PAGE_LOCK 7-8=SCAN_FAIL');
    expect(text('order', 'SCAN_SUCCEED')).toBe('7-8=SCAN_FAIL 6=SCAN_SUCCEED');
  });

  test('another PMD order keeps what fits', () => {
    const { state } = stateOfParams({
      present: '0-20',
      swapped: '30',
      orders: '2-9',
      limit: '511',
      outcomes: '3=SCAN_PAGE_COUNT 64:6=SCAN_FAIL',
    });
    const small = withPmdOrder(state, 4);
    expect(rangeText(small.range)).toEqual({ present: '0-15' });
    expect(applied(paramsOfState(small))).toMatchObject({
      pmd: '4',
      orders: '2-4',
      limit: '15',
      outcomes: '3=SCAN_PAGE_COUNT',
    });
    expect(withPmdOrder(state, 11).limits.maxPtesNone).toBe(2047);
  });
});
