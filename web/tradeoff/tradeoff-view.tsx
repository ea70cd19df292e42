import { useEffect } from 'preact/hooks';
import type { SweptPolicy } from '../../src/analysis/sweep.ts';
import { formatBytes } from '../../src/core/bytes.ts';
import { type Geometry, pageBytes } from '../../src/core/geometry.ts';
import { plural } from '../../src/render/plural.ts';
import { memory, opening } from '../memory/open-memory.ts';
import type { Totals } from '../memory/protocol.ts';
import { choiceOfPolicy } from '../policy/choice.ts';
import { choice, choose, judgement, totals } from '../policy/judgement.ts';
import { outcomeOf } from '../policy/outcome.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { NoMemory } from '../start/no-memory.tsx';
import { link, setParams } from '../state/link.ts';
import { AdviceCard } from './advice-card.tsx';
import { budgetFromParams, budgetOf } from './budget.ts';
import { BudgetSliders } from './budget-sliders.tsx';
import { Chart } from './chart.tsx';
import type { Axis } from './chart-frame.ts';
import type { Place } from './draw-chart.ts';
import { FrontTable } from './front-table.tsx';
import type { Sweep } from './sweeper.ts';
import { advice, canSweep, followTradeoff, recorded, sweep, sweeping } from './trade-off.ts';
import './tradeoff.css';

/** All policies over the open memory: what they gain, what they cost, and which of them fits a budget. */
export function TradeoffView() {
  useEffect(followTradeoff, []);
  if (!memory.value) return <NoMemory />;
  return (
    <div class="beside">
      <div class="tradeoff">
        <h1>Trade-off</h1>
        {canSweep.value ? <SweptMemory /> : <NoSweep />}
      </div>
      <PolicyPanel />
    </div>
  );
}

function NoSweep() {
  const { model } = choice.value;
  return (
    <div class="tradeoff-none">
      <p>
        Under the rules of <strong>{model}</strong>, windows qualify that do not nest, so no digest answers
        for them: each policy has to be walked over each range. <code>thpscope sweep</code> does so for up to
        4,096 policies. The panel shows what one policy does.
      </p>
      <p>
        <button type="button" class="button" onClick={() => choose({ model: 'linux-7.2' })}>
          Ask linux-7.2
        </button>
      </p>
    </div>
  );
}

function SweptMemory() {
  const open = memory.value;
  const swept = sweep.value;
  if (!open) return null;
  const { geometry } = open.host;
  return (
    <>
      <p class="tradeoff-state" role="status">
        {stateInWords(swept, geometry)}
      </p>
      {swept && <Answers sweep={swept} geometry={geometry} />}
    </>
  );
}

function stateInWords(swept: Sweep | undefined, geometry: Geometry): string {
  if (!memory.value?.complete) {
    return opening.value === undefined
      ? 'The memory could not be read to its end, so not all policies are asked about it.'
      : 'The memory is still being read; all policies are asked at its end.';
  }
  const share = sweeping.value;
  if (share !== undefined && (!swept || share > 0.1))
    return `asking all policies: ${Math.floor(100 * share)}%`;
  if (!swept) return 'asking all policies…';
  const { policies, residentPages, front } = swept;
  const size = formatBytes(residentPages * pageBytes(geometry));
  return `${plural(policies, 'policy', 'policies')} over ${size} in use, by the rules of ${swept.space.models[0].name}; ${plural(front.length, 'policy is', 'policies are')} beaten by no other.`;
}

function Answers({ sweep: swept, geometry }: { readonly sweep: Sweep; readonly geometry: Geometry }) {
  const { params } = link.value;
  const axis: Axis = params.axis === 'linear' ? 'linear' : 'log';
  const budget = budgetOf(budgetFromParams(params), swept.residentPages);
  const outcome = outcomeOf(totals.value, judgement.value);
  const advised = advice.value;
  const isChosen = (policy: SweptPolicy) => {
    const { always, madvise, maxPtesNone } = choiceOfPolicy(policy);
    const { value } = choice;
    return value.always === always && value.madvise === madvise && value.maxPtesNone === maxPtesNone;
  };
  const take = (policy: SweptPolicy) => choose(choiceOfPolicy(policy));
  return (
    <>
      <AxisSwitch axis={axis} />
      <Chart
        sweep={swept}
        geometry={geometry}
        axis={axis}
        mostGrowth={budget.growthPages}
        chosen={outcome && { growthPages: outcome.growthPages, hugePages: outcome.hugeThen }}
        recorded={recorded.value && placeOfTotals(recorded.value)}
        advised={advised?.chosen.metrics}
        onTake={take}
      />
      <Legend hasRecorded={recorded.value !== undefined} />
      <div class="tradeoff-below">
        <section aria-labelledby="tradeoff-budget">
          <h2 id="tradeoff-budget">Within a budget</h2>
          <BudgetSliders residentPages={swept.residentPages} geometry={geometry} />
          {advised && (
            <AdviceCard
              advice={advised}
              recorded={recorded.value}
              geometry={geometry}
              isChosen={isChosen(advised.chosen.policy)}
              onTake={take}
            />
          )}
        </section>
        <FrontTable sweep={swept} geometry={geometry} isChosen={isChosen} onTake={take} />
      </div>
    </>
  );
}

function placeOfTotals({ counts, hugePages }: Totals): Place {
  return {
    growthPages: counts.filledPages + counts.swappedInPages,
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
        <i class="mark-front" /> beaten by no other
      </li>
      <li>
        <i class="mark-fewer" /> for its fewer attempts in later passes
      </li>
      <li>
        <i class="mark-other" /> others
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
