interface SegmentedProps<T extends string> {
  readonly name: string;
  readonly legend: string;
  readonly values: readonly T[];
  readonly labels: Record<T, string>;
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** One of a few values, side by side. */
export function Segmented<T extends string>(props: SegmentedProps<T>) {
  const { name, legend, values, labels, value, onChange } = props;
  return (
    <fieldset class="segmented">
      <legend class="visually-hidden">{legend}</legend>
      {values.map((each) => (
        <label key={each}>
          <input type="radio" name={name} checked={value === each} onChange={() => onChange(each)} />
          <span>{labels[each]}</span>
        </label>
      ))}
    </fieldset>
  );
}
