import { batch, computed, effect, signal } from '@preact/signals';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import type { Judgement, Tallied, Totals } from '../memory/memory-worker-protocol.ts';
import { memory, memoryWorker, opening } from '../memory/open-memory.ts';
import { drawWith } from '../state/drawing.ts';
import { go, link, setParams } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { measured } from '../state/timing.ts';
import { remember } from '../state/undo.ts';
import { choiceFromParams, firstChoice, type PolicyChoice, paramsOfChoice } from './choice.ts';

/** The policy in force: what the link says, and for the rest the settings of the open memory. */
export const choice = computed<PolicyChoice>(() => {
  const host = memory.value?.host;
  const geometry = host?.geometry ?? geometryOfPmdOrder(9);
  const first = firstChoice({ geometry, settings: host?.settings, kernelRelease: host?.kernelRelease ?? '' });
  return choiceFromParams(link.value.params, first, geometry);
});

/**
 * Changes the policy, as a step that can be undone and that the browser can go back from; a change `within`
 * another, such as the next value of a slider that is dragged, belongs to that step.
 */
export function choose(changes: Partial<PolicyChoice>, within = false): void {
  const params = paramsOfChoice({ ...choice.value, ...changes });
  if (within) {
    setParams(params);
    return;
  }
  remember(Object.keys(params));
  go(link.value.view, params);
}

/** What the policy does to the ranges that are judged; of a moment ago while a new one is being found. */
export const judgement = signal<Judgement | undefined>(undefined);
/** What it does to each process, and all of them; of a moment ago while ranges are judged. */
export const tallied = signal<Tallied | undefined>(undefined);
/** Whether ranges are being judged: what is known of processes is of a moment ago. */
export const judging = signal(false);
/** What it does to everything; undefined while the memory is being read. */
export const totals = signal<Totals | undefined>(undefined);

/**
 * Asks again whenever the policy or the memory changes; while an answer is awaited, only the last question is
 * kept.
 */
export function followPolicy(): void {
  /** When what is asked about came to be. */
  let start = 0;
  /** The last of these moments that totals were asked for. */
  let told: number | undefined;
  const ask = oneAtATime(async () => {
    const asked = memory.peek();
    if (!asked || asked.rows === 0) {
      forget();
      return;
    }
    const policy = choice.peek();
    const since = start;
    if (told !== since) {
      const answer = memoryWorker.totals(policy);
      drawWith(answer);
      totals.value = await answer;
      measured('thpscope totals', since);
      told = since;
    }
    const isAll = asked.complete || opening.peek() === undefined;
    const judged = await memoryWorker.judge(policy, isAll);
    batch(() => {
      judgement.value = judged;
      tallied.value = judged.tallied ?? tallied.value;
      judging.value = !judged.tallied;
    });
    if (judged.tallied) measured('thpscope judgement', since);
    // While it is read, reading comes first: the next rows that are there ask again.
    else if (isAll) void ask();
  });
  let last = '';
  let lastName: string | undefined;
  effect(() => {
    const { name, host, rows, complete } = memory.value ?? {};
    // What is known of other memory says nothing of this.
    if (name !== lastName) forget();
    lastName = name;
    const now = JSON.stringify([choice.value, name, host?.time, rows, complete, opening.value]);
    if (now === last) return;
    last = now;
    judging.value = rows !== undefined && rows > 0;
    start = performance.now();
    void ask();
  });
}

function forget(): void {
  batch(() => {
    judgement.value = tallied.value = totals.value = undefined;
  });
}
