import { PAGE_CHANGES, type PageChange } from '../../src/analysis/difference/page-changes.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { FILLED, mixColors, type Rgb, SMALL_PAGE, SWAPPED, ZERO_PAGE } from '../../src/render/svg/palette.ts';
import { orderTable, pixel, pteColors, RANGE_DARK, RANGE_LIGHT } from '../map/picture/layers.ts';
import type { RowPainter } from '../map/picture/row-colors.ts';
import {
  type ComparedReadings,
  FORETOLD_KINDS,
  type ForetoldAnswer,
  type ForetoldKind,
} from './changes-worker-protocol.ts';

/** What the colours of the map of changes say. */
export const CHANGE_LAYERS = ['changes', 'foretold', 'was', 'is'] as const;
export type ChangeLayer = (typeof CHANGE_LAYERS)[number];

export const CHANGE_LAYER_NAMES: Record<ChangeLayer, string> = {
  changes: 'what changed',
  foretold: 'came true?',
  was: 'folios before',
  is: 'folios after',
};

/** Okabe and Ito's colours for the colour-blind, but for what has a colour on the map. */
export const CHANGE_COLORS: Record<Exclude<PageChange, 'none' | 'unchanged'>, Rgb> = {
  collapsed: [0, 158, 115],
  filled: FILLED,
  split: [230, 190, 60],
  touched: [86, 180, 233],
  swappedIn: [160, 100, 190],
  swappedOut: SWAPPED,
  freed: [0, 100, 180],
  unseen: ZERO_PAGE,
};

export const FORETOLD_COLORS: Record<Exclude<ForetoldKind, 'none'>, Rgb> = {
  true: [0, 158, 115],
  waiting: [230, 190, 60],
  otherwise: [213, 94, 0],
  besides: [86, 180, 233],
};

/** What colours rows in a layer. */
export function changePainter(
  layer: ChangeLayer,
  { rows, difference }: ComparedReadings,
  foretold: ForetoldAnswer | undefined,
  isDark: boolean,
): RowPainter {
  const { geometry } = difference.memory;
  const pages = pagesPerRange(geometry);
  if (layer === 'was' || layer === 'is') {
    const [resident, main] =
      layer === 'was' ? [rows.residentBefore, rows.mainBefore] : [rows.residentAfter, rows.mainAfter];
    const table = orderTable(geometry.pmdOrder, pages, isDark);
    return (colors, first, end) => {
      for (let row = first; row < end; row++) colors[row] = table[main[row] * (pages + 1) + resident[row]];
    };
  }
  const empty = isDark ? RANGE_DARK : RANGE_LIGHT;
  const still = Array.from({ length: pages + 1 }, (_, used) =>
    mixColors(empty, SMALL_PAGE, used === 0 ? 0 : 0.35 + (0.65 * used) / pages),
  );
  return (colors, first, end) => {
    for (let row = first; row < end; row++) {
      const ground = still[Math.max(rows.residentBefore[row], rows.residentAfter[row])];
      const color =
        layer === 'changes'
          ? changedColor(rows.pages, row, pages, ground)
          : foretoldColor(foretold?.kinds[row] ?? 0, ground);
      colors[row] = pixel(color);
    }
  };
}

const KINDS = PAGE_CHANGES.map((kind) =>
  kind === 'none' || kind === 'unchanged' ? undefined : CHANGE_COLORS[kind],
);

/** The mean of what changed, as loud as the root of its share: one page in a hundred is seen. */
function changedColor(counts: Uint16Array, row: number, pages: number, ground: Rgb): Rgb {
  let [changed, red, green, blue] = [0, 0, 0, 0];
  for (const [kind, color] of KINDS.entries()) {
    const count = color ? counts[row * KINDS.length + kind] : 0;
    if (!color || count === 0) continue;
    changed += count;
    red += count * color[0];
    green += count * color[1];
    blue += count * color[2];
  }
  if (changed === 0) return ground;
  return mixColors(ground, [red / changed, green / changed, blue / changed], Math.sqrt(changed / pages));
}

function foretoldColor(kind: number, ground: Rgb): Rgb {
  const name = FORETOLD_KINDS[kind];
  return name === 'none' ? ground : FORETOLD_COLORS[name];
}

/** The colour of each code of a PTE: what became of it, or the order of its folio. */
export function changePteColors(layer: ChangeLayer, pmdOrder: number, isDark: boolean): Uint32Array {
  if (layer !== 'changes') return pteColors('before', pmdOrder, isDark);
  const empty = pixel(isDark ? RANGE_DARK : RANGE_LIGHT);
  const colors = new Uint32Array(256).fill(empty);
  for (const [code, color] of KINDS.entries()) if (color) colors[code] = pixel(color);
  colors[PAGE_CHANGES.indexOf('unchanged')] = pixel(SMALL_PAGE);
  return colors;
}
