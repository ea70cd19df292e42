import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import type { CollapseLimits } from '../../src/core/rules/policy.ts';
import { ignoredLimitLine } from '../../src/render/words/none-limit-note.ts';
import { PmdOrderField } from './pmd-order-field.tsx';
import { PolicyNote } from './policy-note.tsx';
import { SizeFields } from './size-fields.tsx';
import { alignment, edit, editLimits, state } from './steps-signals.ts';
import { withPmdOrder } from './steps-state.ts';

/** The policy for the range, the kernel whose rules hold, and the shape of its page tables. */
export function PolicyEditor() {
  const { range, orders, model } = state.value;
  const { geometry } = range;
  const ignored = ignoredLimitLine(alignment.value.left.policy, geometry);
  return (
    <section aria-label="Policy for the range">
      <h2>Policy</h2>
      <PolicyNote />
      <SizeFields
        legend="Enabled sizes"
        orders={orders}
        geometry={geometry}
        onChange={(orders) => edit({ orders })}
      />
      <Limit limit="maxPtesNone" name="max_ptes_none" />
      {ignored && <p class="note">{ignored}</p>}
      <Limit limit="maxPtesSwap" name="max_ptes_swap" />
      <Limit limit="maxPtesShared" name="max_ptes_shared" />
      <div class="field">
        <label for="steps-model">Kernel</label>
        <select
          id="steps-model"
          value={model}
          onChange={({ currentTarget }) => edit({ model: currentTarget.value as KernelModelName })}
        >
          {Object.keys(KERNEL_MODELS).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </div>
      <PmdOrderField
        pmdOrder={geometry.pmdOrder}
        onChange={(pmdOrder) => edit(withPmdOrder(state.value, pmdOrder))}
      />
    </section>
  );
}

function Limit({ limit, name }: { readonly limit: keyof CollapseLimits; readonly name: string }) {
  const { limits, range } = state.value;
  const most = pagesPerRange(range.geometry) - 1;
  const id = `steps-${limit}`;
  const set = (text: string, within: boolean) => {
    const value = Number(text);
    if (text !== '' && Number.isInteger(value) && value >= 0 && value <= most)
      editLimits({ [limit]: value }, within);
  };
  return (
    <div class="field limit">
      <label for={id} class="mono">
        {name}
      </label>
      <input
        id={id}
        type="number"
        min={0}
        max={most}
        value={limits[limit]}
        onInput={({ currentTarget }) => set(currentTarget.value, false)}
      />
      {limit === 'maxPtesNone' && (
        <span class="row-of-buttons ends">
          {[0, most].map((end) => (
            <button
              key={end}
              type="button"
              class="button small"
              aria-pressed={limits[limit] === end}
              onClick={() => set(String(end), false)}
            >
              {end}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}
