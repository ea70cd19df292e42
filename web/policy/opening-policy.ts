import { batch, effect, signal } from '@preact/signals';
import { x86_64 } from '../../src/core/memory/geometry.ts';
import { memory } from '../memory/open-memory.ts';
import { link, setParams } from '../state/link.ts';
import { paramsOfChoice } from './choice.ts';
import { choice, tallied } from './judgement.ts';
import { isPresetChosen, kernelDefault } from './policy-presets.ts';
import { whyNothing } from './why-nothing.ts';

/** Why the recorded settings were not opened with: they do nothing to this memory. */
export const recordedDoesNothing = signal<{ readonly name: string; readonly why: string } | undefined>(
  undefined,
);

/**
 * Opens memory under the kernel default where the settings it was read under do nothing at all to it and the
 * link names no policy: a map on which nothing happens says nothing. Returns how to stop.
 */
export function followOpening(): () => void {
  return effect(() => {
    const open = memory.value;
    const judged = tallied.value;
    const { view, params } = link.value;
    const untouched = kernelDefault(open?.host.geometry ?? x86_64);
    if (!isPresetChosen(untouched, choice.value)) recordedDoesNothing.value = undefined;
    if (!open?.complete || !open.host.settings || !judged || view !== 'map') return;
    const named = Object.keys(paramsOfChoice(choice.value)).some((name) => params[name] !== undefined);
    if (named || JSON.stringify(judged.choice) !== JSON.stringify(choice.value)) return;
    const why = whyNothing(judged);
    if (why === undefined || isPresetChosen(untouched, choice.value)) return;
    batch(() => {
      setParams(paramsOfChoice({ ...choice.value, ...untouched.changes }));
      recordedDoesNothing.value = { name: open.name, why };
    });
  });
}
