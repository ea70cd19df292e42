import type { Host } from '../../src/core/rules/memory-source.ts';
import { choose, tallied } from './judgement.ts';
import { isPresetChosen, kernelDefault, presetsFor } from './policy-presets.ts';
import { whyNothing } from './why-nothing.ts';

/** Says why where the policy does nothing at all, and leads to one that may. */
export function NothingNote({ settings, geometry }: Pick<Host, 'settings' | 'geometry'>) {
  const judged = tallied.value;
  const why = judged && whyNothing(judged);
  if (!why) return null;
  const untouched = kernelDefault(geometry);
  const [recorded] = presetsFor(settings, geometry);
  const who = settings && isPresetChosen(recorded, judged.choice) ? 'As recorded' : 'Under this policy';
  return (
    <p class="policy-nothing">
      {who} nothing collapses: {why}.{' '}
      {!isPresetChosen(untouched, judged.choice) && (
        <button type="button" class="button" onClick={() => choose(untouched.changes)}>
          {untouched.label}
        </button>
      )}
    </p>
  );
}
