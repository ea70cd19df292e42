import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { formatOrder } from '../../src/core/memory/order.ts';
import { resultName } from '../../src/core/rules/kernel-model.ts';
import { formatOutcome } from '../../src/core/rules/outcome.ts';
import type { NextMove, ScanResult } from '../../src/core/rules/scan-result.ts';
import { windowName } from '../../src/render/words/explain/explain-steps.ts';
import { RESULT_MEANINGS } from '../../src/render/words/explain/reasons.ts';
import type { Side } from './alignment.ts';
import { resultsByAction, ruleOf, type Scope, withOutcome } from './decide-outcome.ts';
import { alignment, edit, playing, state } from './steps-signals.ts';

const ACTIONS: Record<NextMove, string> = {
  'next-offset': 'Then the walk goes on after the window',
  'next-order': 'Then it tries the halves of the window',
  stop: 'Then it ends the search',
};

const asked = signal<{ readonly side: Side; readonly step: number } | undefined>(undefined);
const scope = signal<Scope>('window');

/** Asks how the attempt of a step is to end. */
export function chooseOutcome(side: Side, step: number): void {
  playing.value = false;
  const { offset, order } = alignment.value[side].steps[step];
  scope.value = ruleOf(state.value.outcomes, offset, order)?.scope ?? 'window';
  asked.value = { side, step };
}

export function OutcomeDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const question = asked.value;
  useEffect(() => {
    if (question && !dialog.current?.open) dialog.current?.showModal();
  }, [question]);
  const run = question && alignment.value[question.side];
  const visit = question && run?.steps[question.step];
  if (!question || !run || !visit) return null;
  const { range, outcomes, left, right } = state.value;
  const decided = ruleOf(outcomes, visit.offset, visit.order);
  const chosen =
    decided?.scope === scope.value && decided.rule.orders === 1 << visit.order
      ? decided.rule.result
      : undefined;
  const close = () => dialog.current?.close();
  const decide = (result: ScanResult | undefined) => {
    edit({ outcomes: withOutcome(outcomes, visit, scope.value, result) });
    close();
  };
  const size = formatOrder(visit.order, range.geometry);
  return (
    <dialog
      ref={dialog}
      class="outcome-dialog"
      aria-labelledby="outcome-title"
      onClose={() => (asked.value = undefined)}
      onClick={(event) => {
        if (event.target === dialog.current) close();
      }}
    >
      <form method="dialog" onSubmit={(event) => event.preventDefault()}>
        <h2 id="outcome-title">
          How does the attempt on {windowName(visit)} ({size}) end?
        </h2>
        <fieldset class="segments">
          <legend class="visually-hidden">For which windows</legend>
          {(['window', 'order'] as const).map((each) => (
            <label key={each}>
              <input
                type="radio"
                name="outcome-scope"
                checked={scope.value === each}
                onChange={() => (scope.value = each)}
              />
              <span>{each === 'window' ? 'This window' : `Every window of ${size}`}</span>
            </label>
          ))}
        </fieldset>
        <button
          type="button"
          class="outcome-choice"
          aria-pressed={chosen === undefined}
          onClick={() => decide(undefined)}
        >
          <strong>As the range has it</strong>
          <span>
            {decided && chosen === undefined
              ? `but ${formatOutcome(decided.rule)} decides`
              : 'judged by what its PTEs hold'}
          </span>
        </button>
        {[...resultsByAction([left, right].includes('rounds'))].map(([action, results]) => (
          <section key={action} aria-label={ACTIONS[action]}>
            <h3>{ACTIONS[action]}</h3>
            <div class="outcome-choices">
              {results.map((result) => (
                <button
                  key={result}
                  type="button"
                  class="outcome-choice"
                  aria-pressed={chosen === result}
                  onClick={() => decide(result)}
                >
                  <strong>{resultName(result, run.policy.model)}</strong>
                  <span>{RESULT_MEANINGS[result]}</span>
                </button>
              ))}
            </div>
          </section>
        ))}
        <p class="dialog-buttons">
          <button type="button" class="button" onClick={close}>
            Cancel
          </button>
        </p>
      </form>
    </dialog>
  );
}
