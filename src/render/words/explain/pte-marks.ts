import { pagesPerRange } from '../../../core/memory/geometry.ts';
import { hasPage } from '../../../core/memory/occupancy.ts';
import type { RangeState } from '../../../core/memory/range-state.ts';
import { FACT_WORDS } from './pte-facts.ts';

/** A letter for PTEs that are neither empty nor map an ordinary page. */
export interface PteMark {
  readonly mark: string;
  readonly meaning: string;
}

/** What PTEs that are not present are drawn as; the first that applies wins. */
const MARKS_NOT_PRESENT = [mark('g', 'guard'), mark('s', 'swap')];

/** What present PTEs are drawn as when they are not ordinary. */
const MARKS_PRESENT = [
  mark('z', 'zero'),
  mark('m', 'shared'),
  mark('w', 'uffd'),
  mark('l', 'locked'),
  mark('p', 'pinned'),
  mark('f', 'lazyfree'),
  mark('u', 'unreferenced'),
];

function mark(letter: string, fact: keyof typeof FACT_WORDS) {
  return { mark: letter, meaning: FACT_WORDS[fact], fact };
}

/** The mark of a PTE; undefined if it is empty or maps an ordinary page. */
export function markOf({ facts }: RangeState, page: number): PteMark | undefined {
  const applies = ({ fact }: ReturnType<typeof mark>) => {
    const bits = facts[fact];
    return bits !== undefined && hasPage(bits, page);
  };
  if (hasPage(facts.swap, page)) return MARKS_NOT_PRESENT.find(applies);
  return hasPage(facts.present, page) ? MARKS_PRESENT.find(applies) : undefined;
}

/** The marks that occur in a range. */
export function marksOf(range: RangeState): PteMark[] {
  const used = new Set<PteMark | undefined>();
  for (let page = 0; page < pagesPerRange(range.geometry); page++) used.add(markOf(range, page));
  return [...MARKS_NOT_PRESENT, ...MARKS_PRESENT].filter((each) => used.has(each));
}
