import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { formatMoment } from './run-params.ts';
import { goToMoment, momentAt, run } from './run-state.ts';

/** All of a run is played in so long. */
const PLAY_MS = 15_000;

/** The moment that the map shows: by hand, step by step, or as a film. */
export function Scrubber() {
  const playing = useSignal(false);
  const moments = run.value?.end?.moments;
  const at = momentAt.value;
  const last = (moments?.length ?? 1) - 1;
  const stepsOnly = matchMedia('(prefers-reduced-motion: reduce)').matches;

  useEffect(() => {
    if (!playing.value || !moments) return;
    const perMs = moments.length / PLAY_MS;
    const from = momentAt.peek() >= last ? 0 : momentAt.peek();
    let begin: number | undefined;
    let request = requestAnimationFrame(function tick(now) {
      begin ??= now;
      const index = from + Math.floor((now - begin) * perMs);
      if (index !== momentAt.peek()) goToMoment(index);
      if (index < last) request = requestAnimationFrame(tick);
      else playing.value = false;
    });
    return () => cancelAnimationFrame(request);
  }, [playing.value, moments]);

  const step = (by: number) => {
    playing.value = false;
    goToMoment(momentAt.peek() + by);
  };
  const toggle = () => {
    if (!stepsOnly) playing.value = !playing.value;
  };
  const isOff = !moments;
  return (
    <div class="scrubber" role="group" aria-label="Moment">
      <button
        type="button"
        class="button"
        disabled={isOff || at === 0}
        aria-label="Previous moment"
        onClick={() => step(-1)}
      >
        ‹
      </button>
      {!stepsOnly && (
        <button type="button" class="button scrubber-play" disabled={isOff} onClick={toggle}>
          {playing.value ? 'Pause' : 'Play'}
        </button>
      )}
      <button
        type="button"
        class="button"
        disabled={isOff || at >= last}
        aria-label="Next moment"
        onClick={() => step(1)}
      >
        ›
      </button>
      <input
        type="range"
        min="0"
        max={Math.max(0, last)}
        value={at}
        disabled={isOff}
        aria-label="Moment of the map"
        aria-valuetext={moments ? formatMoment(moments[at]) : 'after the run'}
        onInput={({ currentTarget }) => {
          playing.value = false;
          goToMoment(currentTarget.valueAsNumber);
        }}
        onKeyDown={(event) => {
          if (event.key !== ' ') return;
          event.preventDefault();
          toggle();
        }}
      />
      <output class="mono">{moments ? formatMoment(moments[at]) : ''}</output>
    </div>
  );
}
