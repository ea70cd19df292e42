import { formatSize } from '../../src/core/memory/format-size.ts';
import { memory } from '../memory/open-memory.ts';
import { tallied, totals } from '../policy/judgement.ts';
import { policyOutcomeOf } from '../policy/policy-outcome.ts';
import { setParams } from '../state/link.ts';
import { layer, split } from './map-state.ts';
import { splitWith } from './picture/split.ts';

/** A press of an arrow moves a handle by this share of the width. */
const STEP = 0.02;

/** Over the map: what each part of the split shows, and handles that move where parts end. */
export function SplitHandles() {
  const open = memory.value;
  if (!open || layer.value !== 'split') return null;
  const outcome = policyOutcomeOf(totals.value, tallied.value);
  const size = (pages: number) => formatSize(pages, open.host.geometry);
  const [left, right] = split.value;
  const labels = [
    { from: 0, to: left, name: 'now', more: outcome && size(outcome.residentPages) },
    {
      from: left,
      to: right,
      name: 'after khugepaged',
      more: outcome && `+${size(outcome.growthPages)}`,
    },
    {
      from: right,
      to: 1,
      name: 'after a restart',
      more: outcome?.restart && `at most +${size(outcome.restart.growthPages)}`,
    },
  ];
  return (
    <div class="split">
      {labels.map(({ from, to, name, more }) => (
        <p key={name} class="split-label" style={{ left: `${100 * from}%`, width: `${100 * (to - from)}%` }}>
          <span>
            <strong>{more ?? '…'}</strong> {name}
          </span>
        </p>
      ))}
      <Handle end={0} at={left} label="between now and after khugepaged" />
      <Handle end={1} at={right} label="between after khugepaged and after a restart" />
    </div>
  );
}

interface HandleProps {
  readonly end: 0 | 1;
  readonly at: number;
  readonly label: string;
}

function Handle({ end, at, label }: HandleProps) {
  const move = (to: number) =>
    setParams({
      split: splitWith(split.peek(), end, to)
        .map((each) => Number(each.toFixed(3)))
        .join(),
    });
  return (
    <div
      class="split-handle"
      style={{ left: `${100 * at}%` }}
      role="slider"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(100 * at)}
      tabIndex={0}
      onPointerDown={({ currentTarget, pointerId }) => currentTarget.setPointerCapture(pointerId)}
      onPointerMove={({ currentTarget, pointerId, clientX }) => {
        const map = currentTarget.parentElement?.getBoundingClientRect();
        if (map && currentTarget.hasPointerCapture(pointerId)) move((clientX - map.left) / map.width);
      }}
      onKeyDown={(event) => {
        const by = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -1, End: 1 }[event.key];
        if (by === undefined) return;
        event.preventDefault();
        move(at + by);
      }}
    />
  );
}
