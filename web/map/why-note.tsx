import { memory } from '../memory/open-memory.ts';
import { judgement } from '../policy/judgement.ts';
import { setParams } from '../state/link.ts';
import { keepInSight, select, selected, standingOut } from './map-state.ts';
import { nextStandingOut, standingOutWords } from './standing-out.ts';

/** Which ranges stand out, over the map so that nothing moves; how to go through them, and to all again. */
export function WhyNote() {
  const open = memory.value;
  const judged = judgement.value;
  const out = standingOut.value;
  if (!open || !judged || !out) return null;
  const step = (by: 1 | -1) => {
    const row = nextStandingOut(out, selected.value, by);
    if (row === undefined) return;
    select(row);
    keepInSight(row);
  };
  return (
    <p class="map-note" role="group" aria-label="Ranges that stand out">
      <span>Only: {standingOutWords(open, judged, out)}</span>
      <button type="button" class="button" aria-label="Previous of these ranges" onClick={() => step(-1)}>
        ‹
      </button>
      <button type="button" class="button" aria-label="Next of these ranges" onClick={() => step(1)}>
        ›
      </button>
      <button type="button" class="button" onClick={() => setParams({ why: undefined })}>
        All ranges
      </button>
    </p>
  );
}
