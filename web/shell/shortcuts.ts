import { redo, undo } from '../state/undo.ts';
import { showHelp } from './help-dialog.tsx';

/** Where typed text has an undo of its own. */
const TEXT = 'input:not([type=radio]):not([type=checkbox]):not([type=range]), textarea';

/** Keys that mean the same in all views: undo, redo, and `?` for the keys of the view. */
export function followShortcuts(): void {
  window.addEventListener('keydown', (event) => {
    const target = event.target instanceof Element ? event.target : undefined;
    if (event.altKey || target?.closest(`dialog, ${TEXT}`)) return;
    const key = event.key.toLowerCase();
    if (event.ctrlKey || event.metaKey) {
      if (key !== 'z' && key !== 'y') return;
      event.preventDefault();
      if (key === 'y' || event.shiftKey) redo();
      else undo();
    } else if (key === '?') {
      event.preventDefault();
      void showHelp();
    }
  });
}
