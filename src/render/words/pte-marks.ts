import { pagesPerRange } from '../../core/memory/geometry.ts';
import { hasPage, type Occupancy } from '../../core/memory/occupancy.ts';
import type { RangeState } from '../../core/memory/range-state.ts';

/** A letter for PTEs that are neither empty nor map an ordinary page. */
export interface PteMark {
  readonly mark: string;
  readonly meaning: string;
  readonly bitmap: (range: RangeState) => Occupancy | undefined;
}

/** What PTEs that are not present are drawn as; the first that applies wins. */
const MARKS_NOT_PRESENT: readonly PteMark[] = [
  { mark: 'g', meaning: 'guard marker', bitmap: (range) => range.facts.guard },
  { mark: 's', meaning: 'not present (swap)', bitmap: (range) => range.facts.swap },
];

/** What present PTEs are drawn as when they are not ordinary. */
const MARKS_PRESENT: readonly PteMark[] = [
  { mark: 'z', meaning: 'zero page', bitmap: (range) => range.facts.zero },
  { mark: 'm', meaning: 'shared', bitmap: (range) => range.facts.shared },
  { mark: 'w', meaning: 'userfaultfd', bitmap: (range) => range.facts.uffd },
  { mark: 'l', meaning: 'locked', bitmap: (range) => range.facts.locked },
  { mark: 'p', meaning: 'pinned', bitmap: (range) => range.facts.pinned },
  { mark: 'f', meaning: 'MADV_FREE', bitmap: (range) => range.facts.lazyfree },
  { mark: 'u', meaning: 'not recently used', bitmap: (range) => range.facts.unreferenced },
];

/** The mark of a PTE; undefined if it is empty or maps an ordinary page. */
export function markOf(range: RangeState, page: number): PteMark | undefined {
  const applies = ({ bitmap }: PteMark) => {
    const bits = bitmap(range);
    return bits !== undefined && hasPage(bits, page);
  };
  if (hasPage(range.facts.swap, page)) return MARKS_NOT_PRESENT.find(applies);
  return hasPage(range.facts.present, page) ? MARKS_PRESENT.find(applies) : undefined;
}

/** The marks that occur in a range. */
export function marksOf(range: RangeState): PteMark[] {
  const used = new Set<PteMark | undefined>();
  for (let page = 0; page < pagesPerRange(range.geometry); page++) used.add(markOf(range, page));
  return [...MARKS_NOT_PRESENT, ...MARKS_PRESENT].filter((mark) => used.has(mark));
}
