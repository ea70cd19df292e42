import { setParams } from '../state/link.ts';
import { keepInSight, select, selected } from './map-state.ts';
import { nextStandingOut, type StandingOut } from './picture/standing-out.ts';

interface Props {
  readonly out: StandingOut;
  readonly words: string;
  /** The parameter of the link that says what stands out. */
  readonly param: string;
}

/** Which ranges stand out, over the map so that nothing moves; how to go through them, and to all again. */
export function StandingNote({ out, words, param }: Props) {
  const step = (by: 1 | -1) => {
    const row = nextStandingOut(out, selected.value, by);
    if (row === undefined) return;
    select(row);
    keepInSight(row);
  };
  return (
    <p class="map-note" role="group" aria-label="Ranges that stand out">
      <span>Only: {words}</span>
      <button type="button" class="button" aria-label="Previous of these ranges" onClick={() => step(-1)}>
        ‹
      </button>
      <button type="button" class="button" aria-label="Next of these ranges" onClick={() => step(1)}>
        ›
      </button>
      <button type="button" class="button" onClick={() => setParams({ [param]: undefined })}>
        All ranges
      </button>
    </p>
  );
}
