import { useState } from 'preact/hooks';
import { growthOf } from '../../src/analysis/ranges/tally.ts';
import { writesBetween } from '../../src/analysis/sweep/sysfs-writes.ts';
import { sum } from '../../src/core/base/sum.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { anonOrders, formatOrder, ordersOf } from '../../src/core/memory/order.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';
import { cssColor, orderColor } from '../../src/render/svg/palette.ts';
import { writeScript } from '../../src/render/text/advise/write-script.ts';
import { sizesLine } from '../../src/render/words/sizes.ts';
import type { Totals } from '../memory/memory-worker-protocol.ts';
import { memory } from '../memory/open-memory.ts';
import { type PolicyChoice, settingsFrom } from '../policy/choice.ts';
import { copyText } from '../policy/copy-text.ts';
import { choice, totals } from '../policy/judgement.ts';
import { link, setParams } from '../state/link.ts';
import { budgetFromParams, budgetOf } from './budget.ts';
import { TradeoffChart } from './chart.tsx';
import { COSTS, GAINS } from './chart-axes.ts';
import type { Axis } from './chart-frame.ts';
import type { Place } from './draw-chart.ts';
import type { Sweep, SweptAdvice } from './sweeper.ts';
import { advice, recorded, take, untouched } from './trade-off.ts';

interface Props {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
}

/** The picture of all policies with what is chosen, advised and recorded, and how to read it. */
export function ChartSection({ sweep, geometry }: Props) {
  const { params } = link.value;
  const axis: Axis = params.axis === 'linear' ? 'linear' : 'log';
  const budget = budgetOf(budgetFromParams(params), sweep.machinePages);
  return (
    <section aria-label="Chart">
      <AxisSwitch axis={axis} knowsRestart={!Number.isNaN(sweep.points.restartGrowthPages[0])} />
      <TradeoffChart
        sweep={sweep}
        geometry={geometry}
        axis={axis}
        mostGrowth={budget.growthPages}
        chosen={totals.value && placeOfTotals(totals.value)}
        recorded={recorded.value && placeOfTotals(recorded.value)}
        untouched={untouched.value && placeOfTotals(untouched.value)}
        advised={advice.value && placeOfAdvice(advice.value)}
        onTake={take}
      />
      <Legend hasRecorded={recorded.value !== undefined} geometry={geometry} />
      <ChosenWrites geometry={geometry} />
    </section>
  );
}

function placeOfAdvice({ advice: { advised }, hugePages }: SweptAdvice): Place {
  const { counts, tlbEntries, restart } = advised.worth;
  return {
    growthPages: growthOf(counts),
    hugePages: hugePages + counts.newlyHugePages,
    tlbEntries,
    restartGrowthPages: restart?.growthPages ?? NaN,
  };
}

function placeOfTotals({ counts, hugePages, entries, machineRestart }: Totals): Place {
  return {
    growthPages: growthOf(counts),
    hugePages: hugePages + counts.newlyHugePages,
    tlbEntries: entries.after,
    restartGrowthPages: machineRestart ? sum(machineRestart.pagesByOrder) - machineRestart.touchedPages : NaN,
  };
}

function AxisSwitch({ axis, knowsRestart }: { readonly axis: Axis; readonly knowsRestart: boolean }) {
  const { params } = link.value;
  return (
    <div class="tradeoff-axes">
      <label>
        ↑{' '}
        <select
          aria-label="Upward axis"
          value={params.gain === 'tlb' ? 'tlb' : 'huge'}
          onChange={({ currentTarget }) =>
            setParams({ gain: currentTarget.value === 'tlb' ? 'tlb' : undefined })
          }
        >
          {Object.entries(GAINS).map(([name, words]) => (
            <option key={name} value={name}>
              {words}
            </option>
          ))}
        </select>
      </label>
      <label class="tradeoff-axis">
        <select
          aria-label="Axis to the right"
          value={params.cost === 'restart' ? 'restart' : 'growth'}
          onChange={({ currentTarget }) =>
            setParams({ cost: currentTarget.value === 'restart' ? 'restart' : undefined })
          }
        >
          {Object.entries(COSTS)
            .filter(([name]) => name === 'growth' || knowsRestart)
            .map(([name, words]) => (
              <option key={name} value={name}>
                {words}
              </option>
            ))}
        </select>{' '}
        →
      </label>
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

/** The policy that is chosen, and its writes: to copy what the chart or the table found is one click. */
function ChosenWrites({ geometry }: { readonly geometry: Geometry }) {
  const [said, setSaid] = useState<{ readonly of: string; readonly text: string } | undefined>();
  const host = memory.value?.host;
  if (!host) return null;
  const { value } = choice;
  const current = host.settings ?? defaultSettings(geometry);
  const script = writeScript(writesBetween(current, settingsFrom(current, value, geometry), geometry));
  const copy = async () =>
    setSaid({ of: script, text: (await copyText(script)) ? 'copied' : 'select them in the panel' });
  return (
    <p class="tradeoff-chosen">
      chosen: <strong>{chosenLine(value, geometry)}</strong>{' '}
      {script === '' ? (
        'nothing to write'
      ) : (
        <button type="button" class="button" onClick={copy}>
          Copy its writes
        </button>
      )}{' '}
      <span role="status">{said?.of === script && said.text}</span>
    </p>
  );
}

function chosenLine({ always, madvise, maxPtesNone }: PolicyChoice, geometry: Geometry): string {
  const sizes =
    always === 0 && madvise === 0
      ? 'no size'
      : [
          always === 0 ? [] : `${sizesLine(always, geometry)} always`,
          madvise === 0 ? [] : `${sizesLine(madvise, geometry)} madvise`,
        ]
          .flat()
          .join(', ');
  return `${sizes}; max_ptes_none ${maxPtesNone}`;
}

/** Shapes, not colours alone, tell the marks apart. */
function Legend({ hasRecorded, geometry }: { readonly hasRecorded: boolean; readonly geometry: Geometry }) {
  return (
    <ul class="tradeoff-legend">
      <li>
        <i class="mark-front" /> most for its growth
      </li>
      <li>
        <i class="mark-fewer" /> less, but tried in vain less often
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
      <li>
        <i class="mark-untouched" /> kernel default
      </li>
      <li>
        coloured by the largest size:{' '}
        {ordersOf(anonOrders(geometry)).map((order) => (
          <span key={order} class="tradeoff-size">
            <b style={{ background: cssColor(orderColor(order, geometry.pmdOrder)) }} />
            {formatOrder(order, geometry)}
          </span>
        ))}
      </li>
    </ul>
  );
}
