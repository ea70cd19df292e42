import { useComputed } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { link, setParams } from '../state/link.ts';
import { formatSort, parseSort, type Sort, sortRows } from './sort.ts';
import './sortable-table.css';

export interface SortableColumn<Row> {
  readonly key: string;
  readonly title: string;
  readonly numeric?: boolean;
  readonly valueOf: (row: Row) => number | string;
  readonly cell: (row: Row) => ComponentChildren;
}

export interface SortableTableProps<Row> {
  readonly caption: string;
  readonly columns: readonly SortableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string | number;
  /** The parameter of the link that says the order. */
  readonly param: string;
  readonly fallback: Sort;
  readonly most?: number;
  readonly isCurrent?: (row: Row) => boolean;
  /** What stands at the end of a row, and its column's name. */
  readonly action?: { readonly title: string; readonly cell: (row: Row) => ComponentChildren };
}

/** A table that is sorted by pressing the heads of its columns. The link says how. */
export function SortableTable<Row>(props: SortableTableProps<Row>) {
  const { caption, columns, rows, rowKey, param, fallback, most = Infinity, isCurrent, action } = props;
  const keys = columns.map(({ key }) => key);
  const sort = parseSort(useComputed(() => link.value.params[param]).value, keys, fallback);
  const by = columns.find(({ key }) => key === sort.column) ?? columns[0];
  const press = ({ key, numeric }: SortableColumn<Row>) => {
    const descending = key === sort.column ? !sort.descending : numeric === true;
    setParams({ [param]: formatSort({ column: key, descending }) });
  };
  return (
    // It scrolls where it is narrow, and so has to be reachable by keyboard.
    <div class="sortable" role="region" aria-label={caption} tabIndex={0}>
      <table>
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th
                key={column.key}
                scope="col"
                class={column.numeric ? 'numeric' : undefined}
                aria-sort={
                  column.key === sort.column ? (sort.descending ? 'descending' : 'ascending') : undefined
                }
              >
                <button type="button" onClick={() => press(column)}>
                  {column.title}
                  <span aria-hidden="true">
                    {column.key === sort.column ? (sort.descending ? ' ▾' : ' ▴') : ''}
                  </span>
                </button>
              </th>
            ))}
            {action && (
              <th scope="col">
                <span class="visually-hidden">{action.title}</span>
              </th>
            )}
          </tr>
        </thead>
        <tbody>
          {sortRows(rows, by.valueOf, sort.descending)
            .slice(0, most)
            .map((row) => (
              <tr key={rowKey(row)} aria-current={isCurrent?.(row) ? 'true' : undefined}>
                {columns.map(({ key, numeric, cell }) => (
                  <td key={key} class={numeric ? 'numeric' : undefined}>
                    {cell(row)}
                  </td>
                ))}
                {action && <td>{action.cell(row)}</td>}
              </tr>
            ))}
        </tbody>
      </table>
    </div>
  );
}
