import { useEffect } from 'preact/hooks';
import type { By } from './alignment.ts';
import { isResultRow } from './alignment.ts';
import { currentText } from './step-list.tsx';
import {
  alignBy,
  alignment,
  alone,
  comparison,
  goRow,
  playing,
  row,
  stepsPerSecond,
} from './steps-signals.ts';

const SPEEDS = [1, 2, 4, 10, 30];

/**
 * Play, pause, one step forth and back, to the ends, scrub; and how the two searches are held side by side.
 */
export function Controls() {
  const { rows, by, onlyAttempts, firstDifference } = alignment.value;
  const now = row.value;
  const unit = by === 'steps' ? 'step' : 'attempt';
  const isPlaying = playing.value;
  const speed = stepsPerSecond.value;

  useEffect(() => {
    if (!isPlaying) return undefined;
    const timer = setInterval(() => {
      if (row.value >= alignment.value.rows) playing.value = false;
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
          disabled={rows <= 1}
          onClick={togglePlay}
        />
        <Move
          label={`One ${unit} on (right arrow)`}
          sign="on"
          disabled={now >= rows}
          onClick={() => goRow(now + 1)}
        />
        <Move label="To the end (End)" sign="last" disabled={now >= rows} onClick={() => goRow(rows)} />
      </div>
      <label class="scrub">
        <span class="scrub-text">{rows === 0 ? `no ${unit}s` : `${unit} ${now} of ${rows}`}</span>
        <input
          type="range"
          min={Math.min(1, rows)}
          max={rows}
          value={now}
          disabled={rows <= 1}
          aria-valuetext={`${unit} ${now} of ${rows}`}
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
      <fieldset class="segments">
        <legend class="visually-hidden">Side by side</legend>
        {(['steps', 'attempts'] satisfies By[]).map((each) => (
          <label
            key={each}
            title={onlyAttempts && each === 'steps' ? 'This search reports its attempts only' : undefined}
          >
            <input
              type="radio"
              name="steps-by"
              checked={by === each}
              disabled={onlyAttempts}
              onChange={() => alignBy(each)}
            />
            <span>by {each}</span>
          </label>
        ))}
      </fieldset>
      {firstDifference === undefined ? (
        <span class="comparison">{!alone.value && comparison.value}</span>
      ) : (
        <button type="button" class="button small comparison differs" onClick={() => goRow(firstDifference)}>
          {isResultRow(alignment.value, firstDifference)
            ? 'the results differ'
            : `first difference at ${unit} ${firstDifference}`}
        </button>
      )}
      <p class="visually-hidden" aria-live={isPlaying ? 'off' : 'polite'}>
        {currentText()}
      </p>
    </div>
  );
}

export function togglePlay(): void {
  if (!playing.value && row.value >= alignment.value.rows) goRow(1);
  playing.value = !playing.value && alignment.value.rows > 1;
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
