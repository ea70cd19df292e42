import { showOwnSearch, state } from '../steps-signals.ts';
import { ownSearches } from './own-search-names.ts';
import { ownFailure } from './own-searches.ts';

/** Where a module of the user's is opened. */
export function OwnSearchField() {
  const { left, right } = state.value;
  const shown = [left, right].filter((name) => ownSearches.value.has(name));
  return (
    <section aria-label="Your own search">
      <h2>Your own search</h2>
      <p class="quiet">
        A module as <code>thpscope verify --new my-walk.js</code> writes one. It runs in this page alone,
        without network, and takes the right column.
      </p>
      <p>
        <label class="button small">
          Open a module…
          <input
            type="file"
            accept=".js,.mjs"
            class="visually-hidden"
            onChange={({ currentTarget }) => {
              const file = currentTarget.files?.[0];
              // So that the same file can be chosen again after it was changed.
              if (file) void showOwnSearch(file).finally(() => (currentTarget.value = ''));
            }}
          />
        </label>
      </p>
      <div role="alert">{ownFailure.value !== undefined && <p class="failure">{ownFailure.value}</p>}</div>
      {shown.length > 0 && (
        <p class="quiet">
          The link of this page names {[...new Set(shown)].join(' and ')}, but does not carry it: whoever
          follows it opens the file, too.
        </p>
      )}
    </section>
  );
}
