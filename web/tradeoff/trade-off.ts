import { computed, effect, signal } from '@preact/signals';
import { proxy } from 'comlink';
import { checkDigestModel } from '../../src/analysis/digest/digest-query.ts';
import type { SweptPolicy } from '../../src/analysis/sweep/sweep.ts';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import type { Totals } from '../memory/memory-worker-protocol.ts';
import { memory, memoryWorker } from '../memory/open-memory.ts';
import { choiceOf, choiceOfPolicy, type PolicyChoice } from '../policy/choice.ts';
import { choice, choose } from '../policy/judgement.ts';
import { link } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { budgetFromParams, budgetOf } from './budget.ts';
import { axesFromParams } from './chart-axes.ts';
import type { Sweep, SweptAdvice } from './sweeper.ts';

/** All policies over the open memory; of the memory or the limits before while new ones are being asked. */
export const sweptPolicies = signal<Sweep | undefined>(undefined);
/** How far the sweep under way is, from 0 to 1. */
export const sweeping = signal<number | undefined>(undefined);
/** The policy that fits the budget of the link. */
export const advice = signal<SweptAdvice | undefined>(undefined);

/** What the settings of the machine that the memory was read on come to. */
export const recorded = signal<Totals | undefined>(undefined);
/** What an untouched kernel comes to. */
export const untouched = signal<Totals | undefined>(undefined);

/** The axes of the link: a text, so that other changes of the link ask nothing. */
const axesInLink = computed(() => JSON.stringify(axesFromParams(link.value.params)));

/** What the link says of the budget: a text, so that other changes of the link ask nothing. */
const budgetInLink = computed(() => JSON.stringify(budgetFromParams(link.value.params)));

/** Whether the kernel model that is chosen can be asked about all policies. */
export const canSweep = computed(() => checkDigestModel(KERNEL_MODELS[choice.value.model]).ok);

/** What the choice becomes with a policy of the sweep. */
function choiceWith(policy: SweptPolicy): PolicyChoice {
  const { value } = choice;
  const geometry = memory.value?.host.geometry ?? geometryOfPmdOrder(9);
  return { ...value, ...choiceOfPolicy(policy, value, geometry) };
}

/** Takes a policy of the sweep; going back in the browser undoes it. */
export function take(policy: SweptPolicy): void {
  choose(choiceWith(policy));
}

/** Whether a policy of the sweep is the one that is chosen. */
function isPolicyChosen(policy: SweptPolicy): boolean {
  return isChosen(choiceWith(policy));
}

/** Whether a choice is the one that is made. */
export function isChosen({ always, madvise, maxPtesNone }: PolicyChoice): boolean {
  const { value } = choice;
  return value.always === always && value.madvise === madvise && value.maxPtesNone === maxPtesNone;
}

/** The policy of the front that is chosen. */
export const chosenOnFront = computed(() =>
  sweptPolicies.value?.front.find(({ policy }) => isPolicyChosen(policy)),
);

/**
 * Sweeps whenever the memory, the kernel model or the limits that all policies share change; returns how to
 * stop.
 */
export function followTradeoff(): () => void {
  let turn = 0;
  const ask = async () => {
    const mine = ++turn;
    const { model, maxPtesSwap, maxPtesShared } = choice.peek();
    sweeping.value = 0;
    const found = await memoryWorker.sweep(
      { model, maxPtesSwap, maxPtesShared, axes: JSON.parse(axesInLink.peek()) },
      proxy((share: number) => {
        if (mine === turn) sweeping.value = share;
      }),
    );
    const host = memory.peek()?.host;
    const before = host?.settings && choiceOf(host.settings, host.geometry, model);
    const then = before && (await memoryWorker.totals(before));
    const byDefault =
      host && (await memoryWorker.totals(choiceOf(defaultSettings(host.geometry), host.geometry, model)));
    if (mine !== turn) return;
    sweeping.value = undefined;
    recorded.value = then;
    untouched.value = byDefault;
    if (found) sweptPolicies.value = found;
  };
  let last = '';
  const stopSweeps = effect(() => {
    const { model, maxPtesSwap, maxPtesShared } = choice.value;
    const open = memory.value;
    if (!open) sweptPolicies.value = advice.value = recorded.value = untouched.value = undefined;
    if (!open?.complete || !canSweep.value) return;
    const now = [
      axesInLink.value,
      model,
      maxPtesSwap,
      maxPtesShared,
      open.name,
      open.host.time,
      open.rows,
    ].join(' ');
    if (now !== last) void ask();
    last = now;
  });
  const advise = oneAtATime(async () => {
    const value = sweptPolicies.peek();
    if (!value) return;
    const found = await memoryWorker.advise(
      budgetOf(budgetFromParams(link.peek().params), value.machinePages),
    );
    if (sweptPolicies.peek() === value) advice.value = found;
  });
  const stopAdvice = effect(() => {
    void [sweptPolicies.value, budgetInLink.value];
    void advise();
  });
  return () => {
    turn++;
    stopSweeps();
    stopAdvice();
  };
}
