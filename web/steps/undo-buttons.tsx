import { canRedo, canUndo, redo, undo } from './steps-signals.ts';

/** Undo and redo of whatever was changed last. */
export function UndoButtons() {
  return (
    <>
      <button type="button" class="button small" aria-disabled={!canUndo.value} title="Ctrl+Z" onClick={undo}>
        Undo
      </button>
      <button
        type="button"
        class="button small"
        aria-disabled={!canRedo.value}
        title="Ctrl+Shift+Z"
        onClick={redo}
      >
        Redo
      </button>
    </>
  );
}
