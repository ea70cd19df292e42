import { useState } from 'preact/hooks';
import type { FrontAxes, SweptResult } from '../../src/analysis/sweep/pareto.ts';
import { percent } from '../../src/core/base/percent.ts';
import { grouped } from '../../src/core/base/plural.ts';
import { formatSize } from '../../src/core/memory/format-size.ts';
import type { Geometry } from '../../src/core/memory/geometry.ts';
import { type SortableColumn, SortableTable } from '../shell/sortable-table.tsx';
import { envelopeOf } from './chart-frame.ts';
import { policyLine, policySizesLine } from './policy-words.ts';
import type { Sweep } from './sweeper.ts';
import { chosenOnFront, take } from './trade-off.ts';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 20;

interface Props {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
}

/** The Pareto front as a table, each policy with a button that takes it. */
export function FrontTable({ sweep, geometry }: Props) {
  const [all, setAll] = useState(false);
  const { front, residentPages, axes } = sweep;
  const chosen = chosenOnFront.value;
  const shown = all ? front : shownOf(front, chosen, axes);
  const tlb: SortableColumn<SweptResult> = {
    key: 'tlb',
    title: 'TLB entries',
    numeric: true,
    valueOf: ({ metrics }) => metrics.tlbEntries,
    cell: ({ metrics }) => grouped(Math.round(metrics.tlbEntries)),
  };
  const restart: SortableColumn<SweptResult> = {
    key: 'restart',
    title: 'restart',
    numeric: true,
    valueOf: ({ metrics }) => metrics.restartGrowthPages,
    cell: ({ metrics }) => `+${formatSize(metrics.restartGrowthPages, geometry)}`,
  };
  const columns: readonly SortableColumn<SweptResult>[] = [
    {
      key: 'sizes',
      title: 'sizes',
      valueOf: ({ policy }) => policy.orders,
      cell: ({ policy }) => policySizesLine(policy, geometry),
    },
    {
      key: 'none',
      title: 'max_ptes_none',
      numeric: true,
      valueOf: ({ policy }) => policy.maxPtesNone,
      cell: ({ policy }) => policy.maxPtesNone,
    },
    {
      key: 'huge',
      title: 'huge',
      numeric: true,
      valueOf: ({ metrics }) => metrics.hugePages,
      cell: ({ metrics }) => percent(metrics.hugePages, residentPages),
    },
    {
      key: 'growth',
      title: 'growth',
      numeric: true,
      valueOf: ({ metrics }) => metrics.growthPages,
      cell: ({ metrics }) => `+${formatSize(metrics.growthPages, geometry)}`,
    },
    ...(axes.gain === 'tlbEntries' ? [tlb] : []),
    ...(axes.cost === 'restartGrowthPages' ? [restart] : []),
    {
      key: 'attempts',
      title: 'attempts',
      numeric: true,
      valueOf: ({ metrics }) => metrics.attempts,
      cell: ({ metrics }) => grouped(metrics.attempts),
    },
    {
      key: 'later',
      title: 'later',
      numeric: true,
      valueOf: ({ metrics }) => metrics.laterAttempts,
      cell: ({ metrics }) => grouped(metrics.laterAttempts),
    },
  ];
  const action = {
    title: 'take it',
    cell: (result: SweptResult) =>
      result === chosen ? (
        <span class="tradeoff-taken">chosen</span>
      ) : (
        <button
          type="button"
          class="button"
          aria-label={`Take ${policyLine(result.policy, geometry)}`}
          onClick={() => take(result.policy)}
        >
          Take
        </button>
      ),
  };
  return (
    <section class="tradeoff-front" aria-labelledby="tradeoff-front">
      <h2 id="tradeoff-front">What no other policy beats</h2>
      <SortableTable
        caption="Policies of the Pareto front"
        columns={columns}
        rows={shown}
        rowKey={({ index }) => index}
        param="front"
        fallback={{ column: 'growth', descending: false }}
        isCurrent={(result) => result === chosen}
        action={action}
      />
      {!all && shown.length < front.length && (
        <p>
          <button type="button" class="button" onClick={() => setAll(true)}>
            Show all {grouped(front.length)}
          </button>{' '}
          <span class="tradeoff-words">with those that are tried in vain less often</span>
        </p>
      )}
    </section>
  );
}

/**
 * Some of those with the most in huge pages for their growth, from the first to the last, and what is chosen.
 */
function shownOf(
  front: readonly SweptResult[],
  chosen: SweptResult | undefined,
  axes: FrontAxes,
): SweptResult[] {
  const envelope = envelopeOf(front, axes);
  const few = Math.min(SHOWN, envelope.length);
  const places = Array.from({ length: few }, (_, i) =>
    Math.round((i * (envelope.length - 1)) / Math.max(1, few - 1)),
  );
  const shown = new Set(places.map((place) => envelope[place]));
  return front.filter((each) => shown.has(each) || each === chosen);
}
