import type { View } from '../state/link.ts';

/** What of a view is worked with by keyboard; of others it is all of the view. */
const FIRST: Partial<Record<View, string>> = {
  map: '.map-canvas',
  changes: '.map-canvas',
  steps: '.move-main, .ignored button',
};

let isFirst = true;

/** Gives the focus to a view that has come in the place of another, if what had it went with that one. */
export function followFocus(view: View): void {
  const arrived = !isFirst;
  isFirst = false;
  // A tab that was followed keeps the focus: the next one is beside it.
  if (!arrived || (document.activeElement && document.activeElement !== document.body)) return;
  const main = document.getElementById('main');
  const first = FIRST[view] && main?.querySelector<HTMLElement>(FIRST[view]);
  if (!first) main?.setAttribute('tabindex', '-1');
  (first || main)?.focus({ preventScroll: true });
}
