import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Result } from '../../../src/core/base/failure.ts';

/**
 * A field for a value that is written as text. What is typed counts as soon as it can be read, and stays as
 * typed until the value changes in another way; `within` is true for all but the first change of one visit.
 */
export function TypedField<T>({
  id,
  label,
  placeholder,
  shown,
  parse,
  format,
  onTake,
}: {
  readonly id: string;
  readonly label: string;
  readonly placeholder: string;
  /** The value as `format` writes it. */
  readonly shown: string;
  readonly parse: (text: string) => Result<T>;
  readonly format: (value: T) => string;
  readonly onTake: (value: T, within: boolean) => void;
}) {
  const typed = useSignal<{ readonly text: string; readonly shown: string } | undefined>(undefined);
  const editing = useSignal(false);
  // What was typed beside another value does not come back with that value.
  useEffect(() => {
    if (typed.peek()?.shown !== shown) typed.value = undefined;
  }, [shown]);
  const text = typed.value?.shown === shown ? typed.value.text : undefined;
  const parsed = text === undefined ? undefined : parse(text);
  const error = parsed?.ok === false ? parsed.failure.message : undefined;

  const take = (written: string) => {
    const value = parse(written);
    typed.value = { text: written, shown: value.ok ? format(value.value) : shown };
    if (!value.ok || format(value.value) === shown) return;
    onTake(value.value, editing.value);
    editing.value = true;
  };
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        class="mono"
        type="text"
        spellcheck={false}
        autocomplete="off"
        placeholder={placeholder}
        value={text ?? shown}
        aria-invalid={error !== undefined}
        aria-describedby={error === undefined ? undefined : `${id}-error`}
        onInput={({ currentTarget }) => take(currentTarget.value)}
        onBlur={() => {
          if (error === undefined) typed.value = undefined;
          editing.value = false;
        }}
      />
      {error !== undefined && (
        <p id={`${id}-error`} class="field-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}
