import { useState } from 'preact/hooks';
import type { SweptResult } from '../../src/analysis/pareto.ts';
import type { SweptPolicy } from '../../src/analysis/sweep.ts';
import { formatBytes } from '../../src/core/bytes.ts';
import { type Geometry, pageBytes } from '../../src/core/geometry.ts';
import { percent } from '../../src/render/sweep-text.ts';
import { type SortableColumn, SortableTable } from '../shell/sortable-table.tsx';
import { policyInWords, sizesInWords } from './policy-words.ts';
import type { Sweep } from './sweeper.ts';

/** Rows that are shown before somebody asks for all. */
const SHOWN = 20;

interface Props {
  readonly sweep: Sweep;
  readonly geometry: Geometry;
  readonly isChosen: (policy: SweptPolicy) => boolean;
  readonly onTake: (policy: SweptPolicy) => void;
}

/** The Pareto front as a table, each policy with a button that takes it. */
export function FrontTable({ sweep, geometry, isChosen, onTake }: Props) {
  const [all, setAll] = useState(false);
  const { front, residentPages } = sweep;
  const columns: readonly SortableColumn<SweptResult>[] = [
    {
      key: 'sizes',
      title: 'sizes',
      valueOf: ({ policy }) => policy.orders,
      cell: ({ policy }) => sizesInWords(policy, geometry),
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
      title: 'RSS',
      numeric: true,
      valueOf: ({ metrics }) => metrics.growthPages,
      cell: ({ metrics }) => `+${formatBytes(metrics.growthPages * pageBytes(geometry))}`,
    },
    {
      key: 'attempts',
      title: 'attempts',
      numeric: true,
      valueOf: ({ metrics }) => metrics.attempts,
      cell: ({ metrics }) => metrics.attempts.toLocaleString('en-US'),
    },
    {
      key: 'later',
      title: 'later',
      numeric: true,
      valueOf: ({ metrics }) => metrics.laterAttempts,
      cell: ({ metrics }) => metrics.laterAttempts.toLocaleString('en-US'),
    },
  ];
  const take = {
    title: 'take it',
    cell: ({ policy }: SweptResult) =>
      isChosen(policy) ? (
        <span class="tradeoff-taken">chosen</span>
      ) : (
        <button
          type="button"
          class="button"
          aria-label={`Take ${policyInWords(policy, geometry)}`}
          onClick={() => onTake(policy)}
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
        rows={all ? front : thinned(front)}
        rowKey={({ index }) => index}
        param="front"
        fallback={{ column: 'growth', descending: false }}
        isCurrent={({ policy }) => isChosen(policy)}
        action={take}
      />
      {!all && front.length > SHOWN && (
        <button type="button" class="button" onClick={() => setAll(true)}>
          Show all {front.length.toLocaleString('en-US')}
        </button>
      )}
    </section>
  );
}

/** The first, the last, and some evenly between. */
function thinned(front: readonly SweptResult[]): readonly SweptResult[] {
  if (front.length <= SHOWN) return front;
  return Array.from({ length: SHOWN }, (_, i) => front[Math.round((i * (front.length - 1)) / (SHOWN - 1))]);
}
