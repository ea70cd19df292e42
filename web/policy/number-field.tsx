import { useState } from 'preact/hooks';
import { ANY, type NumberKind, reachInWords, readTyped } from './typed-number.ts';

interface Props {
  readonly id: string;
  /** What is in force; undefined is no limit. */
  readonly value: number | undefined;
  readonly kind: NumberKind;
  readonly unit?: string;
  readonly onChange: (value: number | undefined) => void;
}

/**
 * A number to type. It is taken once it is finished, by Enter or by leaving the field; what the field does
 * not take is marked, and gives way to the number in force when the field is left.
 */
export function NumberField({ id, value, kind, unit, onChange }: Props) {
  const [draft, setDraft] = useState<string | undefined>();
  const wrong = draft !== undefined && !readTyped(draft, kind);
  const take = (text: string) => {
    const typed = readTyped(text, kind);
    if (!typed) return;
    setDraft(undefined);
    if (typed.value !== value) onChange(typed.value);
  };
  return (
    <span class="number-field">
      <span>
        <input
          id={id}
          type="text"
          inputMode={kind.whole ? 'numeric' : 'decimal'}
          autocomplete="off"
          spellcheck={false}
          value={draft ?? String(value ?? ANY)}
          aria-invalid={wrong}
          aria-describedby={wrong ? `${id}-reach` : undefined}
          onFocus={({ currentTarget }) => currentTarget.select()}
          onInput={({ currentTarget }) => setDraft(currentTarget.value)}
          onChange={({ currentTarget }) => take(currentTarget.value)}
          onBlur={() => {
            if (draft !== undefined) take(draft);
            setDraft(undefined);
          }}
        />
        {unit && ` ${unit}`}
      </span>
      {wrong && (
        <small id={`${id}-reach`} role="alert">
          {reachInWords(kind)}
        </small>
      )}
    </span>
  );
}
