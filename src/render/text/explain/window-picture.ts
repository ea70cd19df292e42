import { hasPage } from '../../../core/memory/occupancy.ts';
import type { Window } from '../../../core/memory/order.ts';
import type { RangeState } from '../../../core/memory/range-state.ts';
import { markOf, marksOf } from '../../words/explain/pte-marks.ts';

/** A picture is 2^5 cells wide, so that a window of up to 32 PTEs shows each of them. */
export const PICTURE_ORDER = 5;

const PRESENT = '█';
const NONE = '·';
const SHADES = ['░', '▒', '▓'];

/**
 * A window as a box, 34 characters wide. A window of at most 32 PTEs is drawn at its place in the aligned
 * block of 32 around it, one cell a PTE; a larger one fills the width, with cells shaded by how many of their
 * PTEs are occupied, and where none is with the letter that most of the others have.
 */
export function drawWindow(range: RangeState, window: Window): string {
  const pictureOrder = Math.min(PICTURE_ORDER, range.geometry.pmdOrder);
  const ptesPerCell = 1 << Math.max(0, window.order - pictureOrder);
  const width = 1 << pictureOrder;
  const from = ptesPerCell === 1 ? window.offset % width : 0;
  const cells: string[] = [];
  for (let first: number = window.offset; first < window.offset + (1 << window.order); first += ptesPerCell) {
    cells.push(ptesPerCell === 1 ? drawPte(range, first) : drawCell(range, first, ptesPerCell));
  }
  return `${' '.repeat(from)}[${cells.join('')}]`.padEnd((1 << PICTURE_ORDER) + 2);
}

/** The meaning of the letters and shades that occur in a range, in one line; below it what pictures need. */
export function legend(range: RangeState, pictures: readonly Picture[]): string[] {
  const shades = range.geometry.pmdOrder > PICTURE_ORDER ? `${SHADES.join('')} some present` : undefined;
  const plain = [`${PRESENT} present`, shades, `${NONE} none`].filter((meaning) => meaning !== undefined);
  const used = marksOf(range).map(({ mark, meaning }) => `${mark} ${meaning}`);
  return [[...plain, ...used].join('  '), ...(pictures.some(hasPartlyMarkedCell) ? [PARTLY_MARKED] : [])];
}

/** A window and the range that it is drawn of. */
interface Picture {
  readonly range: RangeState;
  readonly window: Window;
}

const PARTLY_MARKED = 'a letter that stands for several PTEs is true of some of them, and no page is present';

/** Whether a letter in the picture is true of some PTEs of its cell alone. */
function hasPartlyMarkedCell({ range, window: { offset, order } }: Picture): boolean {
  if (order <= PICTURE_ORDER) return false;
  const count = 1 << (order - PICTURE_ORDER);
  return Array.from({ length: 1 << PICTURE_ORDER }, (_, cell) => offset + cell * count).some((first) => {
    const marks = occupiedIn(range, first, count) === 0 ? marksIn(range, first, count) : [];
    return marks.length > 0 && !(marks.length === count && new Set(marks).size === 1);
  });
}

function drawPte(range: RangeState, page: number): string {
  const mark = markOf(range, page)?.mark;
  return mark ?? (hasPage(range.facts.present, page) ? PRESENT : NONE);
}

function drawCell(range: RangeState, first: number, count: number): string {
  const occupied = occupiedIn(range, first, count);
  if (occupied === 0) return mostFrequent(marksIn(range, first, count)) ?? NONE;
  if (occupied === count) return PRESENT;
  return SHADES[Math.min(SHADES.length - 1, Math.floor((occupied / count) * SHADES.length))];
}

/** PTEs of a cell that map a page other than the zero page. */
function occupiedIn({ facts: { present, zero } }: RangeState, first: number, count: number): number {
  let occupied = 0;
  for (let page = first; page < first + count; page++)
    if (hasPage(present, page) && !(zero && hasPage(zero, page))) occupied++;
  return occupied;
}

/** The letters of the PTEs of a cell, one for each that has any. */
function marksIn(range: RangeState, first: number, count: number): string[] {
  const marks: string[] = [];
  for (let page = first; page < first + count; page++) {
    const mark = markOf(range, page)?.mark;
    if (mark !== undefined) marks.push(mark);
  }
  return marks;
}

/** Of the letters that are there most often the first one. */
function mostFrequent(marks: readonly string[]): string | undefined {
  const times = (mark: string) => marks.filter((each) => each === mark).length;
  return marks.find((mark) => marks.every((other) => times(mark) >= times(other)));
}
