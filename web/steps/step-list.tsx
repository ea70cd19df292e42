import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { windowName } from '../../src/render/words/explain-steps.ts';
import { isResultRow, type Side, sameRow, stepAt } from './alignment.ts';
import { alignment, alone, goRow, row, state } from './steps-signals.ts';
import { endText, outcomeText, stepSentence } from './visit-words.ts';

/** Height of a row in pixels; only those in sight are drawn. */
const ROW = 26;
const MORE = 6;

/** All steps of both searches, row by row; the rows in which they differ are marked. */
export function StepList() {
  const list = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(300);
  const { rows, by, left, right, firstDifference } = alignment.value;
  const now = row.value;

  useEffect(() => {
    const box = list.current;
    if (!box) return undefined;
    const observer = new ResizeObserver(() => (height.value = box.clientHeight));
    observer.observe(box);
    return () => observer.disconnect();
  }, [height]);
  useEffect(() => {
    const box = list.current;
    if (!box || now === 0) return;
    const at = (now - 1) * ROW;
    if (at < box.scrollTop) box.scrollTop = Math.max(0, at - ROW);
    else if (at + ROW > box.scrollTop + box.clientHeight) box.scrollTop = at + 2 * ROW - box.clientHeight;
  }, [now, rows]);

  const first = Math.max(1, Math.floor(top.value / ROW) - MORE);
  const last = Math.min(rows, Math.ceil((top.value + height.value) / ROW) + MORE);
  const shown = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
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
      <div
        ref={list}
        class="step-rows"
        role="listbox"
        aria-label={by === 'steps' ? 'Steps' : 'Attempts'}
        aria-activedescendant={now > 0 ? `row-${now}` : undefined}
        tabindex={0}
        onScroll={({ currentTarget }) => (top.value = currentTarget.scrollTop)}
      >
        <div role="presentation" class="step-space" style={{ height: `${rows * ROW}px` }}>
          {shown.map((each) => {
            const same = sameRow(alignment.value, each);
            return (
              <div
                key={each}
                id={`row-${each}`}
                role="option"
                aria-selected={each === now}
                aria-setsize={rows}
                aria-posinset={each}
                class={`step-row${each === now ? ' row-now' : ''}${same ? '' : ' row-differs'}`}
                style={{ top: `${(each - 1) * ROW}px` }}
                onClick={() => goRow(each)}
              >
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
              </div>
            );
          })}
        </div>
      </div>
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
      <b class="mono">{windowName(visit)}</b>
      <i class="mono">{visit.enabled ? `${visit.occupied}/${visit.needed}` : ''}</i>
      <span>{outcomeText(run, visit)}</span>
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
