import { signal } from '@preact/signals';
import type { ComponentType } from 'preact';
import { useRef } from 'preact/hooks';

/** What the dialog says; it is loaded when it is asked for. */
const content = signal<{ readonly Help: ComponentType } | undefined>(undefined);

/** Opens the dialog with the keys of the view and the words of the app. */
export async function showHelp(): Promise<void> {
  content.value ??= await import('./help.tsx');
  document.querySelector<HTMLDialogElement>('dialog.words')?.showModal();
}

/** A button that says which keys the view has, and what the words of the app mean; so does the key `?`. */
export function HelpDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  return (
    <>
      <button
        type="button"
        class="button words-button"
        aria-label="Keys and words"
        title="Keys of this view, and what the words mean (?)"
        onClick={showHelp}
      >
        ?
      </button>
      <dialog
        ref={dialog}
        class="words"
        aria-labelledby="words-title"
        onClick={(event) => {
          if (event.target === dialog.current) dialog.current?.close();
        }}
      >
        <div class="words-body">
          <div class="words-head">
            <h2 id="words-title">Keys and words</h2>
            <button type="button" class="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
          {content.value && <content.value.Help />}
        </div>
      </dialog>
    </>
  );
}
