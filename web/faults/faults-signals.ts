import { computed } from '@preact/signals';
import { type FollowedHistory, followHistory } from '../../src/analysis/prediction/fault-steps.ts';
import { link } from '../state/link.ts';
import type { Params } from '../steps/steps-state.ts';
import { asksForFaults, FAULT_PARAMS, type FaultsState, faultsOfParams } from './faults-state.ts';

/** Whether page faults are watched, and not searches. */
export const watchesFaults = computed(() => asksForFaults(link.value.params));

/** What the link says of page faults, as text: it does not change when only the step does. */
const asked = computed(() => {
  const { params } = link.value;
  return JSON.stringify(
    Object.fromEntries(['pmd', 'orders', ...FAULT_PARAMS].map((name) => [name, params[name]])),
  );
});
const parsed = computed(() => faultsOfParams(JSON.parse(asked.value) as Params));

export const faultsView = computed<FaultsState>(() => parsed.value.state);
export const faultProblems = computed(() => parsed.value.problems);

/** The history, touch by touch. */
export const followed = computed<FollowedHistory>(() => {
  const { geometry, vma, policy, acts } = faultsView.value;
  return followHistory(geometry, vma, policy, acts);
});
