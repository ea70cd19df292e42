import { formatOrder } from '../../src/core/memory/order.ts';
import { resultName } from '../../src/core/rules/kernel-model.ts';
import { type Visit } from '../../src/core/search/algorithm.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import { visitName, windowName } from '../../src/render/words/explain/explain-steps.ts';
import { type Side, stepAt } from './alignment.ts';
import { ruleOf } from './decide-outcome.ts';
import { chooseOutcome } from './outcome-dialog.tsx';
import type { SearchRun } from './searches/run.ts';
import { alignment, row, state } from './steps-signals.ts';
import { countText, endText, isOfSomebody, nextText, outcomeMeaning, outcomeText } from './visit-words.ts';

/** The step that a search is at: window, count against threshold, outcome, what it keeps, what comes next. */
export function StepNow({ side }: { readonly side: Side }) {
  const run = alignment.value[side];
  const index = stepAt(alignment.value, side, row.value);
  if (index === undefined) {
    const why =
      run.fault ?? (run.steps.length === 0 ? nothingText(run) : `This search has ended: ${endText(run)}.`);
    return <div class="step-now step-over">{why}</div>;
  }
  const visit = run.steps[index];
  const { range, outcomes } = state.value;
  const { pmdOrder } = range.geometry;
  const decided = visit.result !== undefined && ruleOf(outcomes, visit.offset, visit.order) !== undefined;
  return (
    <div class="step-now">
      <div class="step-words">
        <p class="step-window">
          <span class="swatch" style={{ background: cssColor(orderColor(visit.order, pmdOrder)) }} />
          <strong class="mono">{visitName(visit)}</strong>{' '}
          <span>{formatOrder(visit.order, range.geometry)}</span>
          <span class="quiet">
            {' '}
            PTEs {visit.offset} to {visit.offset + (1 << visit.order) - 1}
          </span>
        </p>
        <CountBar visit={visit} />
        <p class={`step-outcome outcome-${outcomeKind(visit)}`}>
          <strong>{outcomeText(run, visit)}</strong>
          {outcomeMeaning(visit) && <span> {outcomeMeaning(visit)}</span>}
          {decided && <span class="quiet"> (as chosen)</span>}
        </p>
        <p class="step-next">{nextText(run, index)}</p>
        {visit.result !== undefined && (
          <button type="button" class="button small" onClick={() => chooseOutcome(side, index)}>
            Another outcome…
          </button>
        )}
      </div>
      <Keeps visit={visit} walks={run.reportsVisits && !isOfSomebody(run.search)} name={run.search.name} />
    </div>
  );
}

function nothingText({ scan, policy }: SearchRun): string {
  if (scan.result === 'SCAN_SUCCEED') return 'No window is attempted.';
  const where = scan.failedAt === undefined ? '' : ` at PTE ${scan.failedAt}`;
  return `No window is tried: the scan of the range ends${where} with ${resultName(scan.result, policy.model)}.`;
}

/** Pages of the window that are occupied, and how many it takes. */
function CountBar({ visit }: { readonly visit: Visit }) {
  const size = 1 << visit.order;
  const percent = (pages: number) => `${(100 * Math.min(pages, size)) / size}%`;
  return (
    <div class="count">
      <div class="count-bar" aria-hidden="true">
        <div
          class={visit.qualifies ? 'count-pages enough' : 'count-pages'}
          style={{ width: percent(visit.enabled ? visit.occupied : 0) }}
        />
        {visit.enabled && <div class="count-needed" style={{ left: percent(visit.needed) }} />}
      </div>
      <p>{countText(visit) ?? `order ${visit.order} is not enabled`}</p>
    </div>
  );
}

function outcomeKind({ enabled, result }: Visit): string {
  if (!enabled || result === undefined) return 'none';
  return result === 'SCAN_SUCCEED' ? 'good' : 'bad';
}

/** What the search remembers: windows on a stack, or for the walk an offset and an order. */
function Keeps({
  visit,
  walks,
  name,
}: {
  readonly visit: Visit;
  readonly walks: boolean;
  readonly name: string;
}) {
  const { stack, next } = visit;
  if (stack) {
    return (
      <section class="keeps" aria-label="Stack after this window was popped, top first">
        <p class="keeps-title">stack</p>
        {stack.length === 0 ? (
          <p class="quiet">empty</p>
        ) : (
          <ol class="stack mono">
            {stack.toReversed().map((window, i) => (
              <li key={windowName(window)}>
                {windowName(window)}
                {i === 0 && <span class="quiet"> top</span>}
              </li>
            ))}
          </ol>
        )}
      </section>
    );
  }
  if (!walks || name === 'rounds' || name === 'recursive') return null;
  return (
    <section class="keeps" aria-label="What the walk keeps">
      <p class="keeps-title">keeps</p>
      {next ? (
        <ol class="stack mono">
          <li>offset {next.offset}</li>
          <li>order {next.order}</li>
        </ol>
      ) : (
        <p class="quiet">nothing more</p>
      )}
    </section>
  );
}
