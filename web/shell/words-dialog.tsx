import { useRef } from 'preact/hooks';
import { geometryOfPmdOrder } from '../../src/core/memory/geometry.ts';
import { appWords } from '../../src/render/words/glossary.ts';
import { memory } from '../memory/open-memory.ts';

/** A button that says what the words of the app mean. */
export function WordsDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const geometry = memory.value?.host.geometry ?? geometryOfPmdOrder(9);
  return (
    <>
      <button
        type="button"
        class="button words-button"
        aria-label="Words"
        title="What the words mean"
        onClick={() => dialog.current?.showModal()}
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
            <h2 id="words-title">Words</h2>
            <button type="button" class="button" onClick={() => dialog.current?.close()}>
              Close
            </button>
          </div>
          <dl>
            {appWords(geometry).map(([word, meaning]) => (
              <div key={word}>
                <dt>{word}</dt>
                <dd>{meaning}</dd>
              </div>
            ))}
          </dl>
        </div>
      </dialog>
    </>
  );
}
