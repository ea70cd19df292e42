import type { Host } from '../../src/core/rules/memory-source.ts';
import { memory } from '../memory/open-memory.ts';
import { choice, choose, tallied } from './judgement.ts';
import { recordedDoesNothing } from './opening-policy.ts';
import { isPresetChosen, kernelDefault, type PolicyPreset, presetsFor } from './policy-presets.ts';
import { whyNothing } from './why-nothing.ts';

/** Says why where the policy does nothing at all, or the recorded one does not, and leads to another. */
export function NothingNote({ settings, geometry }: Pick<Host, 'settings' | 'geometry'>) {
  const untouched = kernelDefault(geometry);
  const [recorded] = presetsFor(settings, geometry);
  const instead = recordedDoesNothing.value;
  if (instead && instead.name === memory.value?.name && isPresetChosen(untouched, choice.value)) {
    return (
      <p class="policy-nothing">
        As recorded nothing collapses: {instead.why}. What is shown is the kernel default.{' '}
        <To preset={recorded} />
      </p>
    );
  }
  const judged = tallied.value;
  const why = judged && whyNothing(judged);
  if (!why) return null;
  const who = settings && isPresetChosen(recorded, judged.choice) ? 'As recorded' : 'Under this policy';
  return (
    <p class="policy-nothing">
      {who} nothing collapses: {why}. {!isPresetChosen(untouched, judged.choice) && <To preset={untouched} />}
    </p>
  );
}

function To({ preset: { label, changes } }: { readonly preset: PolicyPreset }) {
  return (
    <button type="button" class="button" onClick={() => choose(changes)}>
      {label}
    </button>
  );
}
