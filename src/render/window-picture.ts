import { pagesPerRange } from '../core/geometry.ts';
import { hasPage, type Occupancy } from '../core/occupancy.ts';
import type { Window } from '../core/order.ts';
import type { RangeState } from '../core/range-state.ts';

/** A picture is 2^5 cells wide, so that a window of up to 32 PTEs shows each of them. */
export const PICTURE_ORDER = 5;

const PRESENT = '█';
const NONE = '·';
const SHADES = ['░', '▒', '▓'];

interface Mark {
  readonly mark: string;
  readonly meaning: string;
  readonly bitmap: (range: RangeState) => Occupancy | undefined;
}

/** What PTEs that are not present are drawn as; the first that applies wins. */
const MARKS_NOT_PRESENT: readonly Mark[] = [
  { mark: 'g', meaning: 'guard marker', bitmap: (range) => range.guard },
  { mark: 's', meaning: 'not present (swap)', bitmap: (range) => range.swap },
];

/** What present PTEs are drawn as when they are not ordinary. */
const MARKS_PRESENT: readonly Mark[] = [
  { mark: 'z', meaning: 'zero page', bitmap: (range) => range.zero },
  { mark: 'm', meaning: 'shared', bitmap: (range) => range.shared },
  { mark: 'w', meaning: 'userfaultfd', bitmap: (range) => range.uffd },
  { mark: 'l', meaning: 'locked', bitmap: (range) => range.locked },
  { mark: 'p', meaning: 'pinned', bitmap: (range) => range.pinned },
  { mark: 'f', meaning: 'MADV_FREE', bitmap: (range) => range.lazyfree },
  { mark: 'u', meaning: 'not recently used', bitmap: (range) => range.unreferenced },
];

/**
 * A window as a box, 34 characters wide. A window of at most 32 PTEs is drawn at its place in the aligned block of 32
 * around it, one cell a PTE; a larger one fills the width, with cells shaded by how many of their PTEs are occupied.
 */
export function drawWindow(range: RangeState, window: Window): string {
  const pictureOrder = Math.min(PICTURE_ORDER, range.geometry.pmdOrder);
  const ptesPerCell = 1 << Math.max(0, window.order - pictureOrder);
  const width = 1 << pictureOrder;
  const from = ptesPerCell === 1 ? window.offset % width : 0;
  const cells: string[] = [];
  for (
    let first = window.offset as number;
    first < window.offset + (1 << window.order);
    first += ptesPerCell
  ) {
    cells.push(ptesPerCell === 1 ? drawPte(range, first) : drawCell(range, first, ptesPerCell));
  }
  return `${' '.repeat(from)}[${cells.join('')}]`.padEnd((1 << PICTURE_ORDER) + 2);
}

/** The meaning of the letters and shades that occur in a range, in one line. */
export function legend(range: RangeState): string[] {
  const drawn = new Set(
    Array.from({ length: pagesPerRange(range.geometry) }, (_, page) => drawPte(range, page)),
  );
  const used = [...MARKS_NOT_PRESENT, ...MARKS_PRESENT].filter(({ mark }) => drawn.has(mark));
  const shades = range.geometry.pmdOrder > PICTURE_ORDER ? `${SHADES.join('')} some present` : undefined;
  const plain = [`${PRESENT} present`, shades, `${NONE} none`].filter((meaning) => meaning !== undefined);
  return [[...plain, ...used.map(({ mark, meaning }) => `${mark} ${meaning}`)].join('  ')];
}

function drawPte(range: RangeState, page: number): string {
  const applies = ({ bitmap }: Mark) => {
    const bits = bitmap(range);
    return bits !== undefined && hasPage(bits, page);
  };
  if (hasPage(range.swap, page)) return MARKS_NOT_PRESENT.find(applies)?.mark ?? NONE;
  if (!hasPage(range.present, page)) return NONE;
  return MARKS_PRESENT.find(applies)?.mark ?? PRESENT;
}

function drawCell(range: RangeState, first: number, count: number): string {
  let occupied = 0;
  for (let page = first; page < first + count; page++) {
    if (hasPage(range.present, page) && !(range.zero && hasPage(range.zero, page))) occupied++;
  }
  if (occupied === 0) return NONE;
  if (occupied === count) return PRESENT;
  return SHADES[Math.min(SHADES.length - 1, Math.floor((occupied / count) * SHADES.length))];
}
