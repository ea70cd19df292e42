import { computed, effect, signal } from '@preact/signals';
import type { Refusal } from '../../src/analysis/ranges/tally.ts';
import { intersectOrders, NO_ORDERS, type OrderSet } from '../../src/core/memory/order.ts';
import { parseSpan } from '../../src/core/memory/page-span.ts';
import { faultableOrders, KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { type CollapseLimits } from '../../src/core/rules/policy.ts';
import { INELIGIBLE_REASONS, type Ineligible } from '../../src/core/rules/vma.ts';
import { FAULT_PRESETS } from '../faults/faults-presets.ts';
import { faultsView, followed, watchesFaults } from '../faults/faults-signals.ts';
import {
  asksForFaults,
  FAULT_PARAMS,
  type FaultsState,
  faultsOfParams,
  faultsOfRange,
  paramsOfFaults,
  wholeRange,
} from '../faults/faults-state.ts';
import { paramsOfChoice } from '../policy/choice.ts';
import { choice } from '../policy/judgement.ts';
import { go, link, POLICY_PARAMS, setParams } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { remembered } from '../state/remembered.ts';
import { remember } from '../state/undo.ts';
import { type Alignment, align, alignmentText, type By, rowUnder } from './alignment.ts';
import { choiceAfter } from './map-policy.ts';
import { type Brush } from './range/edit-range.ts';
import { ownSearches } from './searches/own-search-names.ts';
import { askOwnRun, openOwnSearch, ownRun } from './searches/own-searches.ts';
import { runSearch, type SearchRun } from './searches/run.ts';
import { NO_SEARCH } from './searches/searches.ts';
import type { RangeOrigin } from './steps-link.ts';
import { PRESETS, type StepsPreset } from './steps-presets.ts';
import {
  type ParamChanges,
  type Params,
  paramsOfState,
  STATE_PARAMS,
  type StepsState,
  stateOfParams,
} from './steps-state.ts';

/** What the link says of the state, as text: it does not change when only the step does. */
const asked = computed(() => JSON.stringify(stateParams(link.value.params)));
const parsed = computed(() => stateOfParams(JSON.parse(asked.value) as Params));
/** The text of the state, whatever way the link says it. */
const stateText = computed(() => JSON.stringify(paramsOfState(parsed.value.state)));

export const state = computed<StepsState>(() => parsed.value.state);
export const problems = computed(() => parsed.value.problems);

function runOf(name: string): SearchRun {
  if (ownSearches.value.has(name)) return ownRun(state.value, name, stateText.value);
  return runSearch(state.value, name);
}

const left = computed<SearchRun>(() => runOf(state.value.left));
/** Whether there is one column only. */
export const alone = computed(() => state.value.right === NO_SEARCH);
const right = computed<SearchRun>(() => (alone.value ? left.value : runOf(state.value.right)));
/** Modules answer in their own time. */
const askOwnRuns = oneAtATime(async () => {
  const [asked, text] = [state.peek(), stateText.peek()];
  for (const name of new Set([asked.left, asked.right])) await askOwnRun(asked, name, text);
});
effect(() => {
  if ([state.value.left, state.value.right].some((name) => ownSearches.value.has(name))) void askOwnRuns();
});

/** A link that names no range opens at attempts: what khugepaged tries, without the steps between. */
const by = computed<By>(() => {
  const { by, present } = link.value.params;
  return by === 'attempts' || (by === undefined && present === undefined) ? 'attempts' : 'steps';
});
export const alignment = computed<Alignment>(() => align(left.value, right.value, by.value));
/** Whether khugepaged of one of the columns can make an enabled size, and so scans the range. */
export const anyPossible = computed(() =>
  [left.value, right.value].some(({ policy }) => policy.orders !== 0),
);
/** What the two have in common, in words. */
export const comparison = computed(() => alignmentText(alignment.value));
/** How many rows there are: those of the two searches, or the steps of a history of page faults. */
export const rows = computed(() =>
  watchesFaults.value ? followed.value.steps.length : alignment.value.rows,
);
/** The row that is shown, from 1 to the number of rows; 0 if there are none. */
export const row = computed(() => {
  const most = rows.value;
  const step = Number(link.value.params.step ?? 1);
  return Number.isInteger(step) ? Math.min(most, Math.max(Math.min(1, most), step)) : Math.min(1, most);
});

/** Where in memory the range comes from, as the link says. */
export const origin = computed<Partial<Omit<RangeOrigin, 'vma'>>>(() => {
  const { from, ignored } = link.value.params;
  return { from, ignored: REFUSALS.find((each) => each === ignored) };
});

/** Why khugepaged does not even look at a range. */
const REFUSALS = ['vma-edge', ...(Object.keys(INELIGIBLE_REASONS) as Ineligible[])] as const;

const PRESET_TEXTS = new Map<string, StepsPreset>();
/** The preset that is shown, if nothing of it was changed. */
export const preset = computed<StepsPreset | undefined>(() => {
  if (PRESET_TEXTS.size === 0)
    for (const each of [...PRESETS, ...FAULT_PRESETS])
      PRESET_TEXTS.set(JSON.stringify(presetParams(each)), each);
  return PRESET_TEXTS.get(
    watchesFaults.value ? JSON.stringify(paramsOfFaults(faultsView.value)) : stateText.value,
  );
});

/** The parameters of a preset as its view writes them. */
function presetParams({ params }: StepsPreset): ParamChanges {
  return asksForFaults(params)
    ? paramsOfFaults(faultsOfParams(params).state)
    : paramsOfState(stateOfParams(params).state);
}

export const playing = signal(false);
export const SPEEDS = [1, 2, 4, 10, 30];
export const stepsPerSecond = remembered('steps per second', SPEEDS, 4);
export const brush = signal<Brush>({ kind: 'present' });

/**
 * Changes the state. A change `within` another, such as the next cell of a stroke, is undone together with
 * it.
 */
export function edit(changes: Partial<StepsState>, within = false): void {
  if (!within) rememberSteps();
  // A range that was painted on is not that of the memory any more.
  const from = changes.range ? { from: undefined, ignored: undefined } : {};
  const next = { ...state.value, ...changes };
  setParams({
    ...paramsOfState(next),
    by: by.value === 'attempts' ? 'attempts' : undefined,
    ...from,
    // A range of the memory is searched under the policy that all views have.
    ...(origin.value.from === undefined || changes.range
      ? {}
      : paramsOfChoice(choiceAfter(state.value.orders, next, choice.value))),
  });
}

export function editLimits(changes: Partial<CollapseLimits>, within = false): void {
  edit({ limits: { ...state.value.limits, ...changes } }, within);
}

/** Opens a module and shows its search on the right. */
export async function showOwnSearch(file: File): Promise<void> {
  if (watchesFaults.value) watchSearches();
  if (await openOwnSearch(file)) edit({ right: file.name });
}

/** Changes the page faults that are watched. */
export function editFaults(changes: Partial<FaultsState>, within = false): void {
  if (!within) rememberSteps();
  // Another history is not that of the memory any more.
  const origin = changes.acts ? { from: undefined, ignored: undefined } : {};
  setParams({ ...paramsOfFaults({ ...faultsView.value, ...changes }), ...origin });
}

/** Watches page faults: those of a program that starts again and writes the pages of the range. */
export function watchFaults(): void {
  rememberSteps();
  playing.value = false;
  const { range } = state.value;
  const orders = ordersOfFaults(state.value, origin.value.ignored);
  const span = parseSpan(link.value.params.vma ?? '');
  const vma = span.ok ? span.value : wholeRange(range.geometry);
  const policy = { orders, hugeZeroPage: true };
  setParams({
    ...paramsOfFaults({ geometry: range.geometry, ...faultsOfRange(range, vma), policy }),
    step: undefined,
    by: undefined,
  });
}

/** Reasons why khugepaged does not look at a VMA that keep page faults from large folios as well. */
const REFUSED_BY_BOTH: readonly (Refusal | undefined)[] = [
  'nohugepage',
  'prctl',
  'special',
  'temporary-stack',
];

/** The orders that page faults may use in a range of which is known what khugepaged may use. */
function ordersOfFaults({ range, orders, model }: StepsState, ignored: Refusal | undefined): OrderSet {
  if (range.uffdArmed || REFUSED_BY_BOTH.includes(ignored)) return NO_ORDERS;
  return intersectOrders(orders, faultableOrders(KERNEL_MODELS[model], range.geometry));
}

/** Watches searches again. */
export function watchSearches(): void {
  rememberSteps();
  playing.value = false;
  setParams({ history: undefined, zeropage: undefined, step: undefined });
}

export function showPreset(chosen: StepsPreset): void {
  rememberSteps();
  playing.value = false;
  go('steps', { ...noParams(), ...presetParams(chosen), step: undefined, by: undefined });
}

export function goRow(to: number): void {
  const most = rows.value;
  const next = Math.min(most, Math.max(Math.min(1, most), Math.round(to)));
  setParams({ step: next <= 1 ? undefined : String(next) });
}

/** Rows by steps or by attempts, at the same place. */
export function alignBy(next: By): void {
  const to = rowUnder(alignment.value, row.value, next);
  setParams({ by: next, step: to <= 1 ? undefined : String(to) });
}

function rememberSteps(): void {
  remember([...ALL_PARAMS, ...POLICY_PARAMS], 'steps');
}

function stateParams(params: Params): ParamChanges {
  return Object.fromEntries(STATE_PARAMS.map((name) => [name, params[name]]));
}

/** All that a change may change, of searches and of page faults. */
const ALL_PARAMS = [...STATE_PARAMS, ...FAULT_PARAMS];

function noParams(): ParamChanges {
  return Object.fromEntries(ALL_PARAMS.map((name) => [name, undefined]));
}
