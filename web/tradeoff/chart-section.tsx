import { growthOf } from '../../src/analysis/tally.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import type { Totals } from '../memory/memory-worker-protocol.ts';
import { tallied, totals } from '../policy/judgement.ts';
import { policyOutcomeOf } from '../policy/policy-outcome.ts';
import { link, setParams } from '../state/link.ts';
import { budgetFromParams, budgetOf } from './budget.ts';
import { TradeoffChart } from './chart.tsx';
import type { Axis } from './chart-frame.ts';
import type { Place } from './draw-chart.ts';
import type { Sweep, SweptAdvice } from './sweeper.ts';
import { advice, recorded, take } from './trade-off.ts';

interface Props {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
}

/** The picture of all policies with what is chosen, advised and recorded, and how to read it. */
export function ChartSection({ sweep, geometry }: Props) {
  const { params } = link.value;
  const axis: Axis = params.axis === 'linear' ? 'linear' : 'log';
  const budget = budgetOf(budgetFromParams(params), sweep.residentPages);
  const outcome = policyOutcomeOf(totals.value, tallied.value);
  return (
    <section aria-label="Chart">
      <AxisSwitch axis={axis} />
      <TradeoffChart
        sweep={sweep}
        geometry={geometry}
        axis={axis}
        mostGrowth={budget.growthPages}
        chosen={outcome && { growthPages: outcome.growthPages, hugePages: outcome.hugeThen }}
        recorded={recorded.value && placeOfTotals(recorded.value)}
        advised={advice.value && placeOfAdvice(advice.value)}
        onTake={take}
      />
      <Legend hasRecorded={recorded.value !== undefined} />
    </section>
  );
}

function placeOfAdvice({ advice: { advised }, hugePages }: SweptAdvice): Place {
  return placeOfTotals({ counts: advised.worth.counts, hugePages });
}

function placeOfTotals({ counts, hugePages }: Pick<Totals, 'counts' | 'hugePages'>): Place {
  return {
    growthPages: growthOf(counts),
    hugePages: hugePages + counts.newlyHugePages,
  };
}

function AxisSwitch({ axis }: { readonly axis: Axis }) {
  return (
    <div class="tradeoff-axes">
      <span>↑ memory in use that lies in huge pages</span>
      <span class="tradeoff-axis">growth of RSS →</span>
      <fieldset class="segmented">
        <legend class="visually-hidden">Axis of growth</legend>
        {(['log', 'linear'] as const).map((each) => (
          <label key={each}>
            <input
              type="radio"
              name="axis"
              checked={each === axis}
              onChange={() => setParams({ axis: each === 'log' ? undefined : each })}
            />
            <span>{each}</span>
          </label>
        ))}
      </fieldset>
    </div>
  );
}

/** Shapes, not colours alone, tell the marks apart. */
function Legend({ hasRecorded }: { readonly hasRecorded: boolean }) {
  return (
    <ul class="tradeoff-legend">
      <li>
        <i class="mark-front" /> most huge pages for its growth
      </li>
      <li>
        <i class="mark-fewer" /> fewer, but tried in vain less often
      </li>
      <li>
        <i class="mark-other" /> beaten by another
      </li>
      <li>
        <i class="mark-chosen" /> chosen
      </li>
      <li>
        <i class="mark-advised" /> fits the budget best
      </li>
      {hasRecorded && (
        <li>
          <i class="mark-recorded" /> as recorded
        </li>
      )}
    </ul>
  );
}
