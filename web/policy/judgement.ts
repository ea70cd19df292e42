import { computed, effect, signal } from '@preact/signals';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { Judgement, Totals } from '../memory/memory-worker-protocol.ts';
import { memory, memoryWorker } from '../memory/open-memory.ts';
import { go, link, setParams } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { measured } from '../state/timing.ts';
import { choiceFromParams, firstChoice, type PolicyChoice, paramsOfChoice } from './choice.ts';

/** The policy in force: what the link says, and for the rest the settings of the open memory. */
export const choice = computed<PolicyChoice>(() => {
  const host = memory.value?.host;
  const geometry = host?.geometry ?? geometryOfPmdOrder(9);
  const first = firstChoice({ geometry, settings: host?.settings, kernelRelease: host?.kernelRelease ?? '' });
  return choiceFromParams(link.value.params, first, geometry);
});

/**
 * Changes the policy, as a step that the browser can go back from; a change `within` another, such as the
 * next value of a slider that is dragged, belongs to that step.
 */
export function choose(changes: Partial<PolicyChoice>, within = false): void {
  const params = paramsOfChoice({ ...choice.value, ...changes });
  if (within) setParams(params);
  else go(link.value.view, params);
}

/** What the policy does to each range; of a moment ago while a new one is being found. */
export const judgement = signal<Judgement | undefined>(undefined);
/** What it does to everything; undefined while the memory is being read. */
export const totals = signal<Totals | undefined>(undefined);

/**
 * Asks again whenever the policy or the memory changes; while an answer is awaited, only the last question is
 * kept.
 */
export function followPolicy(): void {
  const ask = oneAtATime(async () => {
    const asked = memory.peek();
    if (!asked || asked.rows === 0) {
      judgement.value = totals.value = undefined;
      return;
    }
    const policy = choice.peek();
    const start = performance.now();
    totals.value = await memoryWorker.totals(policy);
    measured('thpscope totals', start);
    judgement.value = await memoryWorker.judge(policy);
    measured('thpscope judgement', start);
  });
  let last = '';
  let lastName: string | undefined;
  effect(() => {
    const { name, host, rows, complete } = memory.value ?? {};
    // What is known of other memory says nothing of this.
    if (name !== lastName) judgement.value = totals.value = undefined;
    lastName = name;
    const now = JSON.stringify([choice.value, name, host?.time, rows, complete]);
    if (now !== last) void ask();
    last = now;
  });
}
