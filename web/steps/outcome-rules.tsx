import { useSignal } from '@preact/signals';
import { formatOutcome, parseOutcome } from '../../src/core/rules/outcome.ts';
import { edit, state } from './steps-signals.ts';

/** The outcomes that were chosen, as `explain --outcome` writes them; the last match wins. */
export function OutcomeRules() {
  const { outcomes, range } = state.value;
  const typed = useSignal('');
  const error = useSignal<string | undefined>(undefined);
  const add = () => {
    if (typed.value.trim() === '') return;
    const rule = parseOutcome(typed.value.trim(), range.geometry);
    error.value = rule.ok ? undefined : rule.failure.message;
    if (!rule.ok) return;
    typed.value = '';
    edit({ outcomes: [...outcomes, rule.value] });
  };
  return (
    <section aria-label="Outcomes">
      <h2>Outcomes</h2>
      {outcomes.length === 0 ? (
        <p class="quiet">
          Attempts end as the range has it. Click an attempted window, or a step's “Another outcome…”, to
          decide one.
        </p>
      ) : (
        <ul class="rules">
          {outcomes.map((rule, index) => (
            <li key={`${index} ${formatOutcome(rule)}`}>
              <code>{formatOutcome(rule)}</code>
              <button
                type="button"
                class="remove"
                aria-label={`Remove ${formatOutcome(rule)}`}
                onClick={() => edit({ outcomes: outcomes.filter((_, other) => other !== index) })}
              >
                ×
              </button>
            </li>
          ))}
        </ul>
      )}
      <form
        class="field"
        onSubmit={(event) => {
          event.preventDefault();
          add();
        }}
      >
        <label for="outcome-rule">Add a rule</label>
        <input
          id="outcome-rule"
          class="mono"
          type="text"
          spellcheck={false}
          autocomplete="off"
          placeholder="64:6=SCAN_PAGE_COUNT"
          value={typed.value}
          aria-invalid={error.value !== undefined}
          aria-describedby={error.value === undefined ? undefined : 'outcome-rule-error'}
          onInput={({ currentTarget }) => (typed.value = currentTarget.value)}
        />
        {error.value !== undefined && (
          <p id="outcome-rule-error" class="field-error" role="alert">
            {error.value}
          </p>
        )}
      </form>
    </section>
  );
}
