import { type By, isResultRow } from '../alignment.ts';
import { Controls } from '../controls.tsx';
import { currentText } from '../step-list.tsx';
import { alignBy, alignment, alone, comparison, goRow } from '../steps-signals.ts';

/** The controls of searches, and how the two are held side by side. */
export function SearchControls() {
  const { by, onlyAttempts, firstDifference } = alignment.value;
  const unit = by === 'steps' ? 'step' : 'attempt';
  return (
    <Controls unit={unit} text={currentText()}>
      <fieldset class="segments">
        <legend class="visually-hidden">Side by side</legend>
        {(['steps', 'attempts'] satisfies By[]).map((each) => (
          <label
            key={each}
            title={onlyAttempts && each === 'steps' ? 'This search reports its attempts only' : undefined}
          >
            <input
              type="radio"
              name="steps-by"
              checked={by === each}
              disabled={onlyAttempts}
              onChange={() => alignBy(each)}
            />
            <span>by {each}</span>
          </label>
        ))}
      </fieldset>
      {firstDifference === undefined ? (
        <span class="comparison">{!alone.value && comparison.value}</span>
      ) : (
        <button type="button" class="button small comparison differs" onClick={() => goRow(firstDifference)}>
          {isResultRow(alignment.value, firstDifference)
            ? 'the results differ'
            : `first difference at ${unit} ${firstDifference}`}
        </button>
      )}
    </Controls>
  );
}
