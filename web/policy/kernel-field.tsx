import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { printable } from '../../src/render/words/printable.ts';
import { choice, choose } from './judgement.ts';
import { MODEL_WORDS } from './model-words.ts';

/** Whose khugepaged is asked, and the release that the memory was read on. */
export function KernelField({ readOn }: { readonly readOn: string }) {
  const { model } = choice.value;
  return (
    <div class="policy-kernel">
      <label for="kernel-model">kernel</label>
      <select
        id="kernel-model"
        aria-describedby="kernel-words"
        value={model}
        onChange={({ currentTarget }) => choose({ model: currentTarget.value as KernelModelName })}
      >
        {Object.keys(KERNEL_MODELS).map((name) => (
          <option key={name} value={name}>
            {name}
          </option>
        ))}
      </select>
      <p id="kernel-words" class="policy-note">
        {MODEL_WORDS[model]}
        <br />
        memory read on Linux {printable(readOn)}
      </p>
    </div>
  );
}
