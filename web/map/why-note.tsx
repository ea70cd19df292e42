import { memory } from '../memory/open-memory.ts';
import { judgement } from '../policy/judgement.ts';
import { standingOut } from './map-state.ts';
import { standingOutWords } from './picture/standing-out.ts';
import { StandingNote } from './standing-note.tsx';

/** Which reason stands out, with its memory. */
export function WhyNote() {
  const open = memory.value;
  const judged = judgement.value;
  const out = standingOut.value;
  if (!open || !judged || !out) return null;
  return <StandingNote out={out} words={standingOutWords(open, judged, out)} param="why" />;
}
