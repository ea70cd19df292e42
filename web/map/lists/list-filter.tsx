import { link, setParams } from '../../state/link.ts';

/** The text that rows of a list must have, as the link says it; in lower case. */
export function filterText(): string {
  return (link.value.params.filter ?? '').trim().toLowerCase();
}

/** A field for that text. */
export function ListFilter({ of }: { readonly of: string }) {
  return (
    <label>
      <span class="visually-hidden">Filter {of}</span>
      <input
        type="search"
        id="map-filter"
        placeholder={`filter: ${of}`}
        autocomplete="off"
        spellcheck={false}
        size={28}
        value={link.value.params.filter ?? ''}
        onInput={({ currentTarget }) => setParams({ filter: currentTarget.value || undefined })}
      />
    </label>
  );
}
