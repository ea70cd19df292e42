import { useState } from 'preact/hooks';
import { grouped } from '../../src/core/base/plural.ts';
import { SortableTable, type SortableTableProps } from './sortable-table.tsx';

/** A sortable table of its first rows, so many, with a button that shows all. */
export function LongTable<Row>({
  first,
  ...table
}: Omit<SortableTableProps<Row>, 'most'> & { readonly first: number }) {
  const [all, setAll] = useState(false);
  return (
    <>
      <SortableTable {...table} most={all ? Infinity : first} />
      {!all && table.rows.length > first && (
        <button type="button" class="button" onClick={() => setAll(true)}>
          Show all {grouped(table.rows.length)}
        </button>
      )}
    </>
  );
}
