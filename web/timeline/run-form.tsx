import { useState } from 'preact/hooks';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import { setParams } from '../state/link.ts';
import { OPEN_MEMORY, paramsOfRun, type RunParams } from './run-params.ts';
import { asked, run, start, stop } from './run-state.ts';

/** How to run: what is typed takes effect with Run. */
export function RunForm() {
  const [draft, setDraft] = useState<RunParams>(asked.value);
  const change = (changes: Partial<RunParams>) => setDraft({ ...draft, ...changes });
  const isMemory = draft.scenario === OPEN_MEMORY;
  const asBefore = isMemory ? 'as on the map' : 'as the scenario says';
  const isRunning = run.value?.state === 'running';
  return (
    <form
      class="run-form"
      aria-label="How to run"
      onSubmit={(event) => {
        event.preventDefault();
        const before = JSON.stringify(asked.value);
        setParams(paramsOfRun(draft));
        // The same again is not a new link, but has been asked for.
        if (JSON.stringify(asked.value) === before) void start();
      }}
    >
      <label>
        seed
        <input
          type="number"
          min="0"
          step="1"
          value={draft.seed}
          onInput={({ currentTarget }) =>
            change({ seed: Math.max(0, Math.floor(currentTarget.valueAsNumber || 0)) })
          }
        />
      </label>
      <label>
        until
        <input
          type="text"
          placeholder={isMemory ? 'settled' : asBefore}
          title="settled, or a time such as 90s, 2h or 1d"
          value={draft.until}
          onInput={({ currentTarget }) => change({ until: currentTarget.value })}
        />
      </label>
      <label>
        sizes always enabled
        <input
          type="text"
          placeholder={asBefore}
          title="all, orders such as 2-9, or sizes such as 64K,2M"
          value={draft.orders}
          onInput={({ currentTarget }) => change({ orders: currentTarget.value })}
        />
      </label>
      <label>
        max_ptes_none
        <input
          type="number"
          min="0"
          placeholder={asBefore}
          value={draft.maxPtesNone}
          onInput={({ currentTarget }) => change({ maxPtesNone: currentTarget.value })}
        />
      </label>
      {!isMemory && (
        <label>
          kernel
          <select
            value={draft.kernel}
            onChange={({ currentTarget }) => change({ kernel: currentTarget.value })}
          >
            <option value="">as the scenario says</option>
            {Object.keys(KERNEL_MODELS).map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
      )}
      <span class="run-buttons">
        <button type="submit" class="button run-primary" disabled={isRunning}>
          Run
        </button>
        <button type="button" class="button" disabled={!isRunning} onClick={stop}>
          Stop
        </button>
      </span>
    </form>
  );
}
