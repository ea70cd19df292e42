import { type Failure, fail, type Result, succeed } from '../../src/core/base/failure.ts';
import {
  type Geometry,
  geometryOfPmdOrder,
  MAX_PMD_ORDER,
  MIN_PMD_ORDER,
  pagesPerRange,
} from '../../src/core/memory/geometry.ts';
import {
  anonOrders,
  formatOrders,
  intersectOrders,
  NO_ORDERS,
  type OrderSet,
  parseOrders,
} from '../../src/core/memory/order.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { formatOutcome, type OutcomeRule, parseOutcome } from '../../src/core/rules/outcome.ts';
import { type CollapseLimits, checkLimits, defaultLimits } from '../../src/core/rules/policy.ts';
import { paramsOfRange, RANGE_PARAMS, rangeOfParams } from './range/range-params.ts';
import { isModuleName, ownSearches } from './searches/own-search-names.ts';
import { NO_SEARCH, SEARCHES, searchesOf } from './searches/searches.ts';

/** What the two columns show: one range under one policy, searched in two ways. */
export interface StepsState {
  readonly range: RangeState;
  /** Orders enabled for the range. */
  readonly orders: OrderSet;
  readonly limits: CollapseLimits;
  readonly model: KernelModelName;
  /** Names of searches; the right one may be NO_SEARCH. */
  readonly left: string;
  readonly right: string;
  /** How attempts end, as `explain --outcome` has it: the last match wins. */
  readonly outcomes: readonly OutcomeRule[];
}

export type Params = Readonly<Record<string, string>>;
/** Changes to the parameters of a link; undefined drops one. */
export type ParamChanges = Readonly<Record<string, string | undefined>>;

const LIMIT_PARAMS = {
  maxPtesNone: 'limit',
  maxPtesSwap: 'swaplimit',
  maxPtesShared: 'sharedlimit',
} as const satisfies Record<keyof CollapseLimits, string>;

/** The parameters that say all of a state. */
export const STATE_PARAMS: readonly string[] = [
  'pmd',
  'address',
  ...RANGE_PARAMS,
  'orders',
  ...Object.values(LIMIT_PARAMS),
  'model',
  'left',
  'right',
  'outcomes',
  'from',
  'ignored',
];

/** A link that names no range shows this one. */
const FIRST_PARAMS: Params = { present: '4-7,12-27', orders: '2-8', limit: '0' };

/**
 * The state that a link asks for. What the link says wrongly is as if it was not said, and comes with the
 * reason.
 */
export function stateOfParams(asked: Params): {
  readonly state: StepsState;
  readonly problems: readonly Failure[];
} {
  const params = asked.present === undefined ? FIRST_PARAMS : asked;
  const problems: Failure[] = [];
  const take = <T>(result: Result<T>, otherwise: T): T => {
    if (result.ok) return result.value;
    problems.push(result.failure);
    return otherwise;
  };
  const geometry = take(geometryOf(params.pmd), geometryOfPmdOrder(9));
  const model = take(modelOf(params.model), 'linux-7.3');
  const range = rangeOfParams(params, geometry, (failure) => problems.push(failure));
  const usual = searchesOf(model);
  const search = (side: 'left' | 'right') =>
    side === 'right' && params.right === NO_SEARCH
      ? NO_SEARCH
      : take(searchNamed(params[side] ?? usual[side]), usual[side]);
  const defaults = defaultLimits(geometry);
  return {
    state: {
      range,
      orders: take(ordersOfSteps(params.orders, geometry), anonOrders(geometry)),
      limits: take(limitsOf(params, defaults, geometry), defaults),
      model,
      left: search('left'),
      right: search('right'),
      outcomes: outcomeTexts(params.outcomes).flatMap((text) => {
        const rule = take<OutcomeRule | undefined>(parseOutcome(text, geometry), undefined);
        return rule ? [rule] : [];
      }),
    },
    problems,
  };
}

/** The parameters that lead to a state; those that go without saying are undefined. */
export function paramsOfState(state: StepsState): ParamChanges {
  const { range, orders, limits, model, left, right, outcomes } = state;
  return {
    ...paramsOfRange(range),
    pmd: range.geometry.pmdOrder === 9 ? undefined : String(range.geometry.pmdOrder),
    orders: formatOrders(orders),
    ...Object.fromEntries(
      Object.entries(LIMIT_PARAMS).map(([limit, param]) => {
        const value = limits[limit as keyof CollapseLimits];
        const usual = defaultLimits(range.geometry)[limit as keyof CollapseLimits];
        return [param, param !== 'limit' && value === usual ? undefined : String(value)];
      }),
    ),
    model,
    left,
    right,
    outcomes: outcomes.length === 0 ? undefined : outcomes.map(formatOutcome).join(' '),
  };
}

function outcomeTexts(text = ''): string[] {
  return text.split(/\s+/).filter((each) => each !== '');
}

/** The geometry that a link's `pmd` asks for. */
export function geometryOf(text = '9'): Result<Geometry> {
  const pmdOrder = Number(text);
  if (Number.isInteger(pmdOrder) && pmdOrder >= MIN_PMD_ORDER && pmdOrder <= MAX_PMD_ORDER)
    return succeed(geometryOfPmdOrder(pmdOrder));
  return fail('usage', `pmd '${text}': PMD orders are ${MIN_PMD_ORDER} to ${MAX_PMD_ORDER}`);
}

function modelOf(text = 'linux-7.3'): Result<KernelModelName> {
  if (Object.hasOwn(KERNEL_MODELS, text)) return succeed(text as KernelModelName);
  return fail('usage', `model '${text}': there are ${Object.keys(KERNEL_MODELS).join(', ')}`);
}

function searchNamed(name: string): Result<string> {
  if (SEARCHES.has(name) || ownSearches.value.has(name)) return succeed(name);
  if (isModuleName(name))
    return fail('usage', `${name} is a module, which no link carries: open it under “Your own search”`);
  return fail('usage', `algorithm '${name}': there are ${[...SEARCHES.keys()].join(', ')}`);
}

/** The orders of a link: all where it says nothing, none where it says so. */
export function ordersOfSteps(text: string | undefined, geometry: Geometry): Result<OrderSet> {
  if (text === undefined) return succeed(anonOrders(geometry));
  return text === 'none' ? succeed(NO_ORDERS) : parseOrders(text, geometry);
}

function limitsOf(params: Params, defaults: CollapseLimits, geometry: Geometry): Result<CollapseLimits> {
  const limit = (key: keyof CollapseLimits) => {
    const text = params[LIMIT_PARAMS[key]];
    return text === undefined ? defaults[key] : /^\d+$/.test(text) ? Number(text) : NaN;
  };
  return checkLimits(
    {
      maxPtesNone: limit('maxPtesNone'),
      maxPtesSwap: limit('maxPtesSwap'),
      maxPtesShared: limit('maxPtesShared'),
    },
    geometry,
  );
}

/** The same state for ranges of another PMD order: what does not fit there is left out. */
export function withPmdOrder(state: StepsState, pmdOrder: number): StepsState {
  const from = state.range.geometry;
  const geometry = geometryOfPmdOrder(pmdOrder);
  const last = pagesPerRange(geometry) - 1;
  const { maxPtesNone } = state.limits;
  const atMost = maxPtesNone === pagesPerRange(from) - 1 ? last : Math.min(maxPtesNone, last);
  const pages = Math.min(pagesPerRange(from), pagesPerRange(geometry));
  const cut = (bits: Uint32Array | undefined): string => (bits ? formatFirst(bits, pages) : '');
  const { present, swap, zero, shared } = state.range.facts;
  const range = rangeOfParams(
    { present: cut(present), swapped: cut(swap), zeroed: cut(zero), shareds: cut(shared) },
    geometry,
    () => {},
  );
  const orders = intersectOrders(state.orders, anonOrders(geometry));
  return {
    ...state,
    range,
    orders: orders === 0 ? anonOrders(geometry) : orders,
    limits: { ...defaultLimits(geometry), maxPtesNone: atMost },
    outcomes: state.outcomes.flatMap((rule) => {
      const fits = parseOutcome(formatOutcome(rule), geometry);
      return fits.ok ? [fits.value] : [];
    }),
  };
}

function formatFirst(bits: Uint32Array, pages: number): string {
  const list: number[] = [];
  for (let page = 0; page < pages; page++) if ((bits[page >>> 5] >>> (page & 31)) & 1) list.push(page);
  return list.join(',');
}
