import { useEffect } from 'preact/hooks';
import { plural } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { memory, opening } from '../memory/open-memory.ts';
import { choice, choose } from '../policy/judgement.ts';
import { PolicyPanel } from '../policy/policy-panel.tsx';
import { NoMemory } from '../start/no-memory.tsx';
import { AdviceCard } from './advice-card.tsx';
import { BudgetSliders } from './budget-sliders.tsx';
import { ChartSection } from './chart-section.tsx';
import { FrontTable } from './front-table.tsx';
import type { Sweep } from './sweeper.ts';
import { advice, canSweep, followTradeoff, sweeping, sweptPolicies } from './trade-off.ts';
import './tradeoff.css';

/** All policies over the open memory: what they gain, what they cost, and which of them fits a budget. */
export function TradeoffView() {
  useEffect(followTradeoff, []);
  if (!memory.value?.rows) return <NoMemory />;
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
        <button type="button" class="button" onClick={() => choose({ model: 'linux-7.3' })}>
          Ask linux-7.3
        </button>
      </p>
    </div>
  );
}

function SweptMemory() {
  const open = memory.value;
  const swept = sweptPolicies.value;
  if (!open) return null;
  const { geometry } = open.host;
  return (
    <>
      <p class="tradeoff-state" role="status">
        {stateInWords(swept, geometry)}
      </p>
      {/* It keeps its place, so that what is below stays where it is. */}
      <progress
        class={sweeping.value === undefined ? 'tradeoff-progress is-idle' : 'tradeoff-progress'}
        aria-label="policies asked"
        value={sweeping.value ?? 0}
      />
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
  if (!swept || sweeping.value !== undefined) return 'asking all policies…';
  const { policies, residentPages, front } = swept;
  const size = formatSize(residentPages, geometry);
  return `${plural(policies, 'policy', 'policies')} over ${size} in use, by the rules of ${swept.space.models[0].name}; ${plural(front.length, 'policy is', 'policies are')} beaten by no other.`;
}

interface AnswersProps {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
}

/** Each part reads what it shows by itself: the table is not drawn anew for every step of a slider. */
function Answers({ sweep: swept, geometry }: AnswersProps) {
  return (
    <>
      <ChartSection sweep={swept} geometry={geometry} />
      <div class="tradeoff-below">
        <section aria-labelledby="tradeoff-budget">
          <h2 id="tradeoff-budget">Within a budget</h2>
          <BudgetSliders machinePages={swept.machinePages} geometry={geometry} />
          <Advised geometry={geometry} />
        </section>
        <FrontTable sweep={swept} geometry={geometry} />
      </div>
    </>
  );
}

function Advised({ geometry }: { readonly geometry: Geometry }) {
  return advice.value ? <AdviceCard advice={advice.value} geometry={geometry} /> : null;
}
