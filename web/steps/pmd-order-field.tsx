const PMD_ORDERS: readonly (readonly [number, string])[] = [
  [3, '8 PTEs, made up'],
  [4, '16 PTEs, made up'],
  [5, '32 PTEs of 64K, 2M (ppc64)'],
  [9, '512 PTEs of 4K, 2M'],
  [11, '2048 PTEs of 16K, 32M (arm64)'],
  [13, '8192 PTEs of 64K, 512M (arm64)'],
];

/** The shape of page tables. */
export function PmdOrderField({
  pmdOrder,
  onChange,
}: {
  readonly pmdOrder: number;
  readonly onChange: (pmdOrder: number) => void;
}) {
  return (
    <div class="field">
      <label for="steps-pmd">PMD order</label>
      <select
        id="steps-pmd"
        value={pmdOrder}
        onChange={({ currentTarget }) => onChange(Number(currentTarget.value))}
      >
        {PMD_ORDERS.some(([order]) => order === pmdOrder) || <option value={pmdOrder}>{pmdOrder}</option>}
        {PMD_ORDERS.map(([order, shape]) => (
          <option key={order} value={order}>
            {order}: {shape}
          </option>
        ))}
      </select>
    </div>
  );
}
