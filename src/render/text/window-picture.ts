import { hasPage } from '../../core/memory/occupancy.ts';
import type { Window } from '../../core/memory/order.ts';
import type { RangeState } from '../../core/memory/range-state.ts';
import { markOf, marksOf } from '../words/pte-marks.ts';

/** A picture is 2^5 cells wide, so that a window of up to 32 PTEs shows each of them. */
export const PICTURE_ORDER = 5;

const PRESENT = '█';
const NONE = '·';
const SHADES = ['░', '▒', '▓'];

/**
 * A window as a box, 34 characters wide. A window of at most 32 PTEs is drawn at its place in the aligned
 * block of 32 around it, one cell a PTE; a larger one fills the width, with cells shaded by how many of their
 * PTEs are occupied.
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

/** The meaning of the letters and shades that occur in a range, in one line. */
export function legend(range: RangeState): string[] {
  const shades = range.geometry.pmdOrder > PICTURE_ORDER ? `${SHADES.join('')} some present` : undefined;
  const plain = [`${PRESENT} present`, shades, `${NONE} none`].filter((meaning) => meaning !== undefined);
  const used = marksOf(range).map(({ mark, meaning }) => `${mark} ${meaning}`);
  return [[...plain, ...used].join('  ')];
}

function drawPte(range: RangeState, page: number): string {
  const mark = markOf(range, page)?.mark;
  return mark ?? (hasPage(range.facts.present, page) ? PRESENT : NONE);
}

function drawCell(range: RangeState, first: number, count: number): string {
  let occupied = 0;
  for (let page = first; page < first + count; page++) {
    if (hasPage(range.facts.present, page) && !(range.facts.zero && hasPage(range.facts.zero, page)))
      occupied++;
  }
  if (occupied === 0) return NONE;
  if (occupied === count) return PRESENT;
  return SHADES[Math.min(SHADES.length - 1, Math.floor((occupied / count) * SHADES.length))];
}
