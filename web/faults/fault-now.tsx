import type { FaultStep } from '../../src/analysis/prediction/fault-steps.ts';
import type { FaultVisit } from '../../src/core/fault/fault.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { formatOrder } from '../../src/core/memory/order.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import {
  actWords,
  faultResultWords,
  faultVisitWords,
  faultWindowName,
} from '../../src/render/words/explain/fault-words.ts';
import { followed } from './faults-signals.ts';

/** The step that the history is at: what is done, the windows that the page fault considers, what it gets. */
export function FaultNow({ index, rangeStart }: { readonly index: number; readonly rangeStart: number }) {
  const { steps, pages } = followed.value;
  const step = steps[index];
  return (
    <div class="step-now fault-now">
      <div class="step-words">
        <p class="step-window">
          <strong class="mono">{actWords(step)}</strong> <span>{faultResultWords(step, pages.geometry)}</span>
        </p>
        {step.visits.length > 0 && (
          <ol class="fault-windows" aria-label="Windows that the page fault considers, the largest first">
            {step.visits.map((visit) => (
              <Considered key={faultWindowName(visit)} visit={visit} step={step} rangeStart={rangeStart} />
            ))}
          </ol>
        )}
        {step.visits.length > 0 && step.pages > 1 && (
          <p class="quiet">
            windows around page {step.page}; the other pages are refused for the same reasons
          </p>
        )}
      </div>
    </div>
  );
}

function Considered({
  visit,
  step,
  rangeStart,
}: {
  readonly visit: FaultVisit;
  readonly step: FaultStep;
  readonly rangeStart: number;
}) {
  const { vma, pages } = followed.value;
  const { geometry } = pages;
  const { first, order, refusal, occupied } = visit;
  const size = pagesPerRange(geometry);
  const x = ((first - rangeStart) / size) * 100;
  const width = (2 ** order / size) * 100;
  const isTaken = refusal === undefined;
  return (
    <li class={isTaken ? 'fault-taken' : undefined}>
      <b class="mono">{faultWindowName(visit)}</b>
      <span class="fault-size">{formatOrder(order, geometry)}</span>
      <svg viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
        <rect class="fault-track" x="0" y="3" width="100" height="4" />
        <rect
          class={isTaken ? 'fault-window' : 'fault-window fault-refused'}
          x={x}
          y="1"
          width={Math.max(width, 0.8)}
          height="8"
          fill={isTaken ? cssColor(orderColor(order, geometry.pmdOrder)) : undefined}
        />
        {occupied !== undefined && (
          <rect
            class="fault-occupied"
            x={((occupied - rangeStart) / size) * 100}
            y="0"
            width="0.8"
            height="10"
          />
        )}
      </svg>
      <span>{faultVisitWords(visit, vma, step)}</span>
    </li>
  );
}
