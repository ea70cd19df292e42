import type { ComponentChildren } from 'preact';
import { grouped } from '../../../src/core/base/plural.ts';
import { filterText, ListFilter } from './list-filter.tsx';

interface Props {
  /** What the filter looks in. */
  readonly of: string;
  /** Rows that have the text of the filter, and all there are. */
  readonly found: number;
  readonly all: number;
  readonly children?: ComponentChildren;
}

/** Above a list: its filter, how much of it that leaves, and what its bars say. */
export function ListHead({ of, found, all, children }: Props) {
  return (
    <div class="toolbar">
      <ListFilter of={of} />
      <span class="quiet" role="status">
        {filterText() !== '' && `${grouped(found)} of ${grouped(all)}`}
      </span>
      {children}
    </div>
  );
}
