import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';
import { goRow, playing, row, rows, SPEEDS, stepsPerSecond } from './steps-signals.ts';

/**
 * Play, pause, one row forth and back, to the ends, scrub. A row is a `unit`; `text` says the one that is
 * shown, for ears.
 */
export function Controls({
  unit,
  text,
  children,
}: {
  readonly unit: string;
  readonly text: string;
  readonly children?: ComponentChildren;
}) {
  const most = rows.value;
  const now = row.value;
  const isPlaying = playing.value;
  const speed = stepsPerSecond.value;

  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(() => {
      if (row.value >= rows.value) playing.value = false;
      else goRow(row.value + 1);
    }, 1000 / speed);
    return () => clearInterval(timer);
  }, [isPlaying, speed]);
  useEffect(
    () => () => {
      playing.value = false;
    },
    [],
  );

  return (
    <div class="controls" role="group" aria-label="Steps">
      <div class="transport">
        <Move label="To the start (Home)" sign="first" disabled={now <= 1} onClick={() => goRow(1)} />
        <Move
          label={`One ${unit} back (left arrow)`}
          sign="back"
          disabled={now <= 1}
          onClick={() => goRow(now - 1)}
        />
        <Move
          label={isPlaying ? 'Pause (space)' : 'Play (space)'}
          sign={isPlaying ? 'pause' : 'play'}
          disabled={most <= 1}
          onClick={togglePlay}
        />
        <Move
          label={`One ${unit} on (right arrow)`}
          sign="on"
          disabled={now >= most}
          onClick={() => goRow(now + 1)}
        />
        <Move label="To the end (End)" sign="last" disabled={now >= most} onClick={() => goRow(most)} />
      </div>
      <label class="scrub">
        <span class="scrub-text">{most === 0 ? `no ${unit}s` : `${unit} ${now} of ${most}`}</span>
        <input
          type="range"
          min={Math.min(1, most)}
          max={most}
          value={now}
          disabled={most <= 1}
          aria-valuetext={`${unit} ${now} of ${most}`}
          onInput={({ currentTarget }) => goRow(Number(currentTarget.value))}
        />
      </label>
      <label class="speed">
        <span class="quiet">a second</span>
        <select
          value={speed}
          aria-label="Steps a second"
          onChange={({ currentTarget }) => (stepsPerSecond.value = Number(currentTarget.value))}
        >
          {SPEEDS.map((each) => (
            <option key={each} value={each}>
              {each}
            </option>
          ))}
        </select>
      </label>
      {children}
      <p class="visually-hidden" aria-live={isPlaying ? 'off' : 'polite'}>
        {text}
      </p>
    </div>
  );
}

export function togglePlay(): void {
  if (!playing.value && row.value >= rows.value) goRow(1);
  playing.value = !playing.value && rows.value > 1;
}

const SIGNS = {
  first: 'M4 4v12M16 4L7 10l9 6z',
  back: 'M14 4L5 10l9 6z',
  play: 'M5 3.5L16 10L5 16.5z',
  pause: 'M6 4v12M13.5 4v12',
  on: 'M6 4l9 6l-9 6z',
  last: 'M16 4v12M4 4l9 6l-9 6z',
};

function Move(move: {
  readonly label: string;
  readonly sign: keyof typeof SIGNS;
  readonly disabled: boolean;
  readonly onClick: () => void;
}) {
  return (
    <button
      type="button"
      class={move.sign === 'play' || move.sign === 'pause' ? 'move move-main' : 'move'}
      aria-label={move.label}
      title={move.label}
      // A disabled button would drop the focus of whoever steps to the end.
      aria-disabled={move.disabled}
      onClick={() => {
        if (!move.disabled) move.onClick();
      }}
    >
      <svg viewBox="0 0 20 20" aria-hidden="true">
        <path d={SIGNS[move.sign]} />
      </svg>
    </button>
  );
}
