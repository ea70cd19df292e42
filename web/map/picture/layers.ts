import type { Refusal } from '../../../src/analysis/ranges/tally.ts';
import { pagesPerRange } from '../../../src/core/memory/geometry.ts';
import { CODE_SWAP, CODE_ZERO, codeOfOrder } from '../../../src/core/memory/pte-code.ts';
import { isScanResult } from '../../../src/core/rules/scan-result.ts';
import {
  FILLED,
  mixColors,
  occupancyColor,
  orderColor,
  type Rgb,
  SMALL_PAGE,
  SWAPPED,
  ZERO_PAGE,
} from '../../../src/render/svg/palette.ts';
import type { Judgement } from '../../memory/memory-worker-protocol.ts';
import type { OpenMemory } from '../../memory/open-memory.ts';
import { PTE_FILLED } from './pte-code.ts';
import type { RowPainter } from './row-colors.ts';
import type { StandingOut } from './standing-out.ts';

/** What the colours of the map say; those of `split` are of three layers side by side: see split.ts. */
export const LAYERS = ['split', 'after', 'restart', 'growth', 'before', 'use', 'why'] as const;
export type Layer = (typeof LAYERS)[number];

/** A layer that has colours of its own. */
export type OwnLayer = Exclude<Layer, 'split'>;

export const LAYER_NAMES: Record<Layer, string> = {
  split: 'now | then',
  after: 'after khugepaged',
  restart: 'after a restart',
  growth: 'growth',
  before: 'folios now',
  use: 'pages in use',
  why: 'why not',
};

/** Of lines on the map: ink within a rim of the other one is seen on every colour. */
export const MARK_INKS = {
  light: { ink: '#000', rim: '#fff' },
  dark: { ink: '#fff', rim: '#14171a' },
} as const;

export const PAGE_LIGHT: Rgb = [255, 255, 255];
export const PAGE_DARK: Rgb = [20, 23, 26];
export const RANGE_LIGHT: Rgb = [235, 238, 242];
export const RANGE_DARK: Rgb = [34, 39, 46];

/** Why a range stays as it is, in kinds that a colour can tell apart. */
type WhyKind = 'collapses' | 'not-looked-at' | 'nothing-to-do' | 'no-window' | 'refused';

const WHY_NAMES: Record<WhyKind, string> = {
  collapses: 'something collapses',
  'nothing-to-do': 'a PMD maps it already',
  'no-window': 'too few pages in every window',
  refused: 'refused: by its pages, or each attempt fails',
  'not-looked-at': 'not looked at: settings, VMA, or its edge',
};

/** Okabe and Ito's colours for the colour-blind. */
const WHY_COLORS: Record<WhyKind, Rgb> = {
  collapses: [0, 158, 115],
  'nothing-to-do': [86, 180, 233],
  'no-window': [230, 190, 60],
  refused: [213, 94, 0],
  'not-looked-at': [140, 140, 146],
};

/** Refusals that empty PTEs explain, which the map of a range shows. */
const NO_WINDOW: readonly Refusal[] = ['no-window', 'SCAN_EXCEED_NONE_PTE'];

function whyKindOf(refusal: Refusal | undefined): WhyKind {
  if (refusal === undefined) return 'collapses';
  if (refusal === 'SCAN_PMD_MAPPED') return 'nothing-to-do';
  if (NO_WINDOW.includes(refusal)) return 'no-window';
  return isScanResult(refusal) ? 'refused' : 'not-looked-at';
}

/** What colours rows in a layer, by what has been read and judged of them. */
export function rowPainter(
  layer: OwnLayer,
  memory: OpenMemory,
  judgement: Judgement | undefined,
  dark: boolean,
): RowPainter {
  const { residentPages, mainOrders } = memory;
  const judged = judgement && layer !== 'before' ? Math.min(judgement.rows, memory.rows) : 0;
  const pages = pagesPerRange(memory.host.geometry);
  if (layer === 'why') {
    const unknown = pixel(dark ? RANGE_DARK : RANGE_LIGHT);
    const kinds = [undefined, ...(judgement?.reasons ?? [])].map((reason) =>
      pixel(WHY_COLORS[whyKindOf(reason)]),
    );
    return (colors, first, end) => {
      for (let row = first; row < end; row++)
        colors[row] = row < judged ? kinds[judgement?.refusals[row] ?? 0] : unknown;
    };
  }
  if (layer === 'use') {
    const table = Uint32Array.from({ length: pages + 1 }, (_, used) =>
      pixel(occupancyColor(used / pages, dark)),
    );
    return (colors, first, end) => {
      for (let row = first; row < end; row++) colors[row] = table[residentPages[row]];
    };
  }
  const table = orderTable(memory.host.geometry.pmdOrder, pages, dark);
  const width = pages + 1;
  // Where growth alone is looked at, all pages in use look like small ones.
  const now = layer === 'growth' ? new Uint8Array(memory.rows) : mainOrders;
  const then = judgedColumns(layer, judgement);
  const orders = layer === 'growth' ? now : then.orders;
  const { growthPages } = then;
  const added = layer === 'growth' ? 0 : 1;
  const loudness = growthLoudness(pages);
  const filled = pixel(FILLED);
  return (colors, first, end) => {
    const known = Math.min(end, judged);
    for (let row = first; row < known; row++) {
      const growth = Math.min(pages, growthPages[row]);
      const color = table[orders[row] * width + Math.min(pages, residentPages[row] + added * growth)];
      colors[row] = growth === 0 ? color : mixPixels(color, filled, loudness[growth]);
    }
    for (let row = Math.max(first, judged); row < end; row++)
      colors[row] = table[now[row] * width + residentPages[row]];
  };
}

function judgedColumns(layer: OwnLayer, judgement: Judgement | undefined) {
  if (!judgement) return { orders: new Uint8Array(0), growthPages: new Uint16Array(0) };
  return layer === 'restart'
    ? { orders: judgement.restartOrders, growthPages: judgement.restartGrowthPages }
    : { orders: judgement.mainOrders, growthPages: judgement.growthPages };
}

/**
 * How much of the colour of filled pages a range takes, of 256, by how many of its pages are filled: the root
 * of their share, so that a few are seen at the scale of a machine, where each pixel is the mean of many
 * ranges.
 */
function growthLoudness(pages: number): Uint16Array {
  return Uint16Array.from({ length: pages + 1 }, (_, filled) => 256 * Math.sqrt(filled / pages));
}

/** Of 256: how far colours of what is not looked at go to that of the page. */
const FADED = 216;

/** Fades what does not stand out. */
export function fadedPainter(paint: RowPainter, { refusals, code }: StandingOut, page: number): RowPainter {
  return (colors, first, end) => {
    paint(colors, first, end);
    for (let row = first; row < end; row++)
      if (refusals[row] !== code) colors[row] = mixPixels(colors[row], page, FADED);
  };
}

/** The same colours of PTEs, faded. */
export function fadedColors(colors: Uint32Array, page: number): Uint32Array {
  return colors.map((color) => mixPixels(color, page, FADED));
}

/** The colours of ranges by the order of most of their pages and how many are in use. */
export function orderTable(pmdOrder: number, pages: number, dark: boolean): Uint32Array {
  const name = [pmdOrder, pages, dark].join();
  const known = orderTables.get(name) ?? newOrderTable(pmdOrder, pages, dark);
  orderTables.set(name, known);
  return known;
}

/** By what they are of: each frame wants them for each layer. */
const orderTables = new Map<string, Uint32Array>();

function newOrderTable(pmdOrder: number, pages: number, dark: boolean): Uint32Array {
  const table = new Uint32Array((pmdOrder + 1) * (pages + 1));
  const empty = dark ? RANGE_DARK : RANGE_LIGHT;
  for (let order = 0; order <= pmdOrder; order++) {
    for (let used = 0; used <= pages; used++) {
      const strength = used === 0 ? 0 : 0.35 + (0.65 * used) / pages;
      table[order * (pages + 1) + used] = pixel(mixColors(empty, orderColor(order, pmdOrder), strength));
    }
  }
  return table;
}

/** The colour of each code of a PTE. */
export function pteColors(layer: OwnLayer, pmdOrder: number, dark: boolean): Uint32Array {
  const empty = dark ? RANGE_DARK : RANGE_LIGHT;
  const colors = new Uint32Array(256).fill(pixel(empty));
  colors[CODE_SWAP] = pixel(SWAPPED);
  colors[CODE_ZERO] = pixel(ZERO_PAGE);
  for (let order = 0; order <= pmdOrder; order++) {
    const color =
      layer === 'use' ? occupancyColor(1, dark) : orderColor(layer === 'growth' ? 0 : order, pmdOrder);
    colors[codeOfOrder(order)] = pixel(color);
    colors[PTE_FILLED | codeOfOrder(order)] = pixel(FILLED);
  }
  return colors;
}

/** What stands for what, for the legend. */
export function legendOf(
  layer: Layer,
  pmdOrder: number,
  dark: boolean,
): { name: string; color: Rgb; order?: number }[] {
  if (layer === 'why')
    return (Object.keys(WHY_NAMES) as WhyKind[]).map((kind) => ({
      name: WHY_NAMES[kind],
      color: WHY_COLORS[kind],
    }));
  if (layer === 'use') {
    return [
      ...[0, 0.5, 1].map((share) => ({ name: `${100 * share}%`, color: occupancyColor(share, dark) })),
      { name: 'swapped', color: SWAPPED },
      { name: 'zero page', color: ZERO_PAGE },
    ];
  }
  if (layer === 'growth')
    return [
      { name: 'in use now', color: SMALL_PAGE },
      { name: 'filled by khugepaged: empty now', color: FILLED },
    ];
  const orders = Array.from({ length: pmdOrder - 1 }, (_, i) => i + 2);
  return [
    { name: 'small', color: SMALL_PAGE, order: 0 },
    ...orders.map((order) => ({ name: '', color: orderColor(order, pmdOrder), order })),
    ...(layer === 'split' ? [{ name: 'filled: empty now', color: FILLED }] : []),
    ...(layer === 'after' ? [{ name: 'filled by khugepaged: empty now', color: FILLED }] : []),
    ...(layer === 'restart'
      ? [{ name: 'filled by page faults: empty now', color: FILLED }]
      : [
          { name: 'swapped', color: SWAPPED },
          { name: 'zero page', color: ZERO_PAGE },
        ]),
  ];
}

/**
 * A pixel on the way to another: itself at 0, the other at 256. Red and blue at once, since it is done for
 * each range of a machine.
 */
function mixPixels(from: number, to: number, weight: number): number {
  const rest = 256 - weight;
  const redBlue = ((Math.imul(from & 0xff00ff, rest) + Math.imul(to & 0xff00ff, weight)) >>> 8) & 0xff00ff;
  const green = ((Math.imul(from & 0xff00, rest) + Math.imul(to & 0xff00, weight)) >>> 8) & 0xff00;
  return (0xff000000 | redBlue | green) >>> 0;
}

/**
 * Red, green, blue and full opacity as they lie in the memory of a picture; every machine with a browser is
 * little-endian.
 */
export function pixel([red, green, blue]: Rgb): number {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}
