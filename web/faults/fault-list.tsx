import type { FaultStep } from '../../src/analysis/prediction/fault-steps.ts';
import { actWords, faultResultWords } from '../../src/render/words/explain/fault-words.ts';
import { StepRows } from '../steps/step-rows.tsx';
import { row } from '../steps/steps-signals.ts';
import { followed } from './faults-signals.ts';

/** All steps of the history. */
export function FaultList() {
  const { steps, pages } = followed.value;
  return (
    <section class="step-list step-list-alone" aria-label="All steps" hidden={steps.length === 0}>
      <div class="step-row step-head" aria-hidden="true">
        <span>step</span>
        <span>page faults</span>
      </div>
      <StepRows label="Steps">
        {(each) => {
          const step = steps[each - 1];
          return (
            <>
              <span class="quiet">{each}</span>
              <span class={`step-cell fault-cell cell-${toneOf(step)}`}>
                <b class="mono">{actWords(step)}</b>
                <span title={faultResultWords(step, pages.geometry)}>
                  {faultResultWords(step, pages.geometry)}
                </span>
              </span>
            </>
          );
        }}
      </StepRows>
    </section>
  );
}

function toneOf({ result }: FaultStep): 'good' | 'none' {
  return result?.kind === 'folio' && result.order > 0 ? 'good' : 'none';
}

/** The step that is shown, as a sentence for ears. */
export function faultText(): string {
  const { steps, pages } = followed.value;
  if (steps.length === 0) return '';
  const step = steps[row.value - 1];
  return `Step ${row.value} of ${steps.length}. ${actWords(step)} ${faultResultWords(step, pages.geometry)}`;
}
