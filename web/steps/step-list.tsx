import { visitName } from '../../src/render/words/explain/explain-steps.ts';
import { isResultRow, type Side, sameRow, stepAt } from './alignment.ts';
import { StepRows } from './step-rows.tsx';
import { alignment, alone, row, state } from './steps-signals.ts';
import { endText, outcomeText, stepSentence } from './visit-words.ts';

/** All steps of both searches, row by row; the rows in which they differ are marked. */
export function StepList() {
  const { rows, by, left, right, firstDifference } = alignment.value;
  return (
    <section
      class={alone.value ? 'step-list step-list-alone' : 'step-list'}
      aria-label="All steps"
      hidden={rows === 0}
    >
      <div class="step-row step-head" aria-hidden="true">
        <span>{by === 'steps' ? 'step' : 'attempt'}</span>
        <span>{left.search.name}</span>
        {!alone.value && (
          <>
            <span />
            <span>{right.search.name}</span>
          </>
        )}
      </div>
      <StepRows
        label={by === 'steps' ? 'Steps' : 'Attempts'}
        differs={(each) => !sameRow(alignment.value, each)}
      >
        {(each) => {
          const same = sameRow(alignment.value, each);
          return (
            <>
              <span class="quiet">{isResultRow(alignment.value, each) ? '=' : each}</span>
              <Cell side="left" row={each} />
              {!alone.value && (
                <>
                  <span class="row-sign" title={same ? undefined : 'they differ'}>
                    {same ? '' : each === firstDifference ? '≠ first' : '≠'}
                  </span>
                  <Cell side="right" row={each} />
                </>
              )}
            </>
          );
        }}
      </StepRows>
    </section>
  );
}

function Cell({ side, row }: { readonly side: Side; readonly row: number }) {
  const run = alignment.value[side];
  const index = stepAt(alignment.value, side, row);
  if (index === undefined) {
    const text = isResultRow(alignment.value, row) ? endText(run) : '–';
    return <span class="step-cell step-end">{text}</span>;
  }
  const visit = run.steps[index];
  const kind = visit.result === undefined ? 'none' : visit.result === 'SCAN_SUCCEED' ? 'good' : 'bad';
  return (
    <span class={`step-cell cell-${kind}`}>
      <b class="mono">{visitName(visit)}</b>
      <i class="mono">{visit.enabled ? `${visit.occupied}/${visit.needed}` : ''}</i>
      <span title={outcomeText(run, visit)}>{outcomeText(run, visit)}</span>
    </span>
  );
}

function rowText(row: number, same: boolean): string {
  const { left, right } = alignment.value;
  const of = (side: Side) => {
    const run = side === 'left' ? left : right;
    const index = stepAt(alignment.value, side, row);
    return `${run.search.name} ${index === undefined ? (isResultRow(alignment.value, row) ? `ends: ${endText(run)}` : 'has ended') : stepSentence(run, index, state.value.range)}`;
  };
  if (alone.value) return of('left');
  return same ? `Both: ${of('left').slice(left.search.name.length + 1)}` : `${of('left')}; ${of('right')}`;
}

/** What is going on in the row that is shown, as a sentence for ears. */
export function currentText(): string {
  const { rows, by } = alignment.value;
  if (rows === 0) return '';
  const unit = by === 'steps' ? 'Step' : 'Attempt';
  return `${unit} ${row.value} of ${rows}. ${rowText(row.value, sameRow(alignment.value, row.value))}`;
}
