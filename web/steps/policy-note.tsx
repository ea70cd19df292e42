import { anonOrders } from '../../src/core/memory/order.ts';
import { memory } from '../memory/open-memory.ts';
import { choice, choose } from '../policy/judgement.ts';
import { choiceOfSteps, differencesFrom, policyOfChoice } from './map-policy.ts';
import { edit, state } from './steps-signals.ts';

/** Whether the policy here is that of the other views, in what it differs, and how to make them one. */
export function PolicyNote() {
  const open = memory.value;
  const { geometry } = state.value.range;
  if (!open || open.host.geometry.pmdOrder !== geometry.pmdOrder) return null;
  const differences = differencesFrom(state.value, choice.value, geometry);
  if (differences.length === 0) return <p class="note">the policy that all views have</p>;
  return (
    <div class="policy-difference">
      <p class="note">not the policy of the other views: {differences.join('; ')}</p>
      <p class="row-of-buttons">
        <button
          type="button"
          class="button small"
          onClick={() => edit(policyOfChoice(choice.value, anonOrders(geometry)))}
        >
          Use theirs here
        </button>
        <button type="button" class="button small" onClick={() => choose(choiceOfSteps(state.value))}>
          Use this everywhere
        </button>
      </p>
    </div>
  );
}
