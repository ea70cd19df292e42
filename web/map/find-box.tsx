import { useSignal } from '@preact/signals';
import { type Found, findPlaces, missWords } from './find.ts';
import { select, showRow } from './map-state.ts';
import { onMap } from './subject.ts';

interface Search {
  readonly text: string;
  readonly found: readonly Found[];
  readonly at: number;
}

/** Finds processes, VMAs and addresses; Enter again, or the arrows, go on to the next of several. */
export function FindBox() {
  const search = useSignal<Search | undefined>(undefined);
  const goTo = (text: string, found: readonly Found[], index: number) => {
    const at = found.length > 0 ? (index + found.length) % found.length : 0;
    search.value = { text, found, at };
    if (found.length === 0) return;
    select(found[at].row);
    showRow(found[at].row);
  };
  const { text: lastText, found = [], at = 0 } = search.value ?? {};
  const step = (by: number) => lastText !== undefined && goTo(lastText, found, at + by);
  return (
    <form
      class="find"
      role="search"
      onSubmit={(event) => {
        event.preventDefault();
        const open = onMap.value;
        if (!open) return;
        const text = String(new FormData(event.currentTarget).get('place'));
        const now = findPlaces(open, text);
        goTo(text, now, text === lastText ? at + 1 : 0);
      }}
    >
      <label>
        <span class="visually-hidden">Find a process, a VMA or an address</span>
        <input
          id="map-find"
          name="place"
          placeholder="name, pid, 0x7f…, [heap]"
          autocomplete="off"
          spellcheck={false}
          size={20}
        />
      </label>
      <button type="submit" class="button">
        Find
      </button>
      <button
        type="button"
        class="button"
        aria-label="Previous found"
        disabled={found.length < 2}
        onClick={() => step(-1)}
      >
        ‹
      </button>
      <button
        type="button"
        class="button"
        aria-label="Next found"
        disabled={found.length < 2}
        onClick={() => step(1)}
      >
        ›
      </button>
      <span role="status" class="quiet">
        {lastText === undefined ? '' : statusOf(found, at, lastText)}
      </span>
    </form>
  );
}

function statusOf(found: readonly Found[], at: number, text: string): string {
  return missWords(found, text) || (found.length > 1 ? `${at + 1} of ${found.length}` : '');
}
