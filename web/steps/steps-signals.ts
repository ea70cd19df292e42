import { computed, signal } from '@preact/signals';
import { type CollapseLimits } from '../../src/core/rules/policy.ts';
import { INELIGIBLE_REASONS, type Ineligible } from '../../src/core/rules/vma.ts';
import { go, link, setParams } from '../state/link.ts';
import { type Alignment, align, alignmentText, type By, rowUnder } from './alignment.ts';
import { type Brush } from './edit-range.ts';
import { runSearch, type SearchRun } from './run.ts';
import { NO_SEARCH } from './searches.ts';
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

const left = computed<SearchRun>(() => runSearch(state.value, state.value.left));
/** Whether there is one column only. */
export const alone = computed(() => state.value.right === NO_SEARCH);
const right = computed<SearchRun>(() =>
  alone.value ? left.value : runSearch(state.value, state.value.right),
);
const by = computed<By>(() => (link.value.params.by === 'attempts' ? 'attempts' : 'steps'));
export const alignment = computed<Alignment>(() => align(left.value, right.value, by.value));
/** What the two have in common, in words. */
export const comparison = computed(() => alignmentText(alignment.value));
/** The row that is shown, from 1 to the number of rows; 0 if there are none. */
export const row = computed(() => {
  const { rows } = alignment.value;
  const step = Number(link.value.params.step ?? 1);
  return Number.isInteger(step) ? Math.min(rows, Math.max(Math.min(1, rows), step)) : Math.min(1, rows);
});

/** Where in memory the range comes from, as the link says. */
export const origin = computed<Partial<RangeOrigin>>(() => {
  const { from, ignored } = link.value.params;
  return { from, ignored: REFUSALS.find((each) => each === ignored) };
});

/** Why khugepaged does not even look at a range. */
const REFUSALS = ['vma-edge', ...(Object.keys(INELIGIBLE_REASONS) as Ineligible[])] as const;

const PRESET_TEXTS = new Map<string, StepsPreset>();
/** The preset that is shown, if nothing of it was changed. */
export const preset = computed<StepsPreset | undefined>(() => {
  if (PRESET_TEXTS.size === 0)
    for (const each of PRESETS)
      PRESET_TEXTS.set(JSON.stringify(paramsOfState(stateOfParams(each.params).state)), each);
  return PRESET_TEXTS.get(stateText.value);
});

export const playing = signal(false);
export const stepsPerSecond = signal(4);
export const brush = signal<Brush>({ kind: 'present' });

const MOST_UNDO = 200;
const undone: ParamChanges[] = [];
/** States before each change, the last one on top. */
const before: ParamChanges[] = [];
export const canUndo = signal(false);
export const canRedo = signal(false);

/**
 * Changes the state. A change `within` another, such as the next cell of a stroke, is undone together with
 * it.
 */
export function edit(changes: Partial<StepsState>, within = false): void {
  if (!within) remember();
  // A range that was painted on is not that of the memory any more.
  const origin = changes.range ? { from: undefined, ignored: undefined } : {};
  setParams({ ...paramsOfState({ ...state.value, ...changes }), ...origin });
}

export function editLimits(changes: Partial<CollapseLimits>, within = false): void {
  edit({ limits: { ...state.value.limits, ...changes } }, within);
}

export function undo(): void {
  swap(before, undone);
}

export function redo(): void {
  swap(undone, before);
}

export function showPreset(chosen: StepsPreset): void {
  remember();
  playing.value = false;
  const { state } = stateOfParams(chosen.params);
  go('steps', { ...noParams(), ...paramsOfState(state), step: undefined, by: undefined });
}

export function goRow(to: number): void {
  const { rows } = alignment.value;
  const next = Math.min(rows, Math.max(Math.min(1, rows), Math.round(to)));
  setParams({ step: next <= 1 ? undefined : String(next) });
}

/** Rows by steps or by attempts, at the same place. */
export function alignBy(next: By): void {
  const to = rowUnder(alignment.value, row.value, next);
  setParams({ by: next === 'steps' ? undefined : next, step: to <= 1 ? undefined : String(to) });
}

function remember(): void {
  before.push(stateParams(link.value.params));
  if (before.length > MOST_UNDO) before.shift();
  undone.length = 0;
  noteHistory();
}

function swap(from: ParamChanges[], to: ParamChanges[]): void {
  const params = from.pop();
  if (!params) return;
  to.push(stateParams(link.value.params));
  setParams({ ...noParams(), ...params });
  noteHistory();
}

function noteHistory(): void {
  canUndo.value = before.length > 0;
  canRedo.value = undone.length > 0;
}

function stateParams(params: Params): ParamChanges {
  return Object.fromEntries(STATE_PARAMS.map((name) => [name, params[name]]));
}

function noParams(): ParamChanges {
  return Object.fromEntries(STATE_PARAMS.map((name) => [name, undefined]));
}
