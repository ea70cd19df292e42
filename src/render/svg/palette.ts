import { MIN_ANON_ORDER } from '../../core/memory/order.ts';

/** Red, green and blue, 0 to 255. */
export type Rgb = readonly [number, number, number];

/**
 * The colours of all pictures. Orders run from violet to yellow (viridis by Smith and van der Walt, CC0),
 * which keeps its order for the colour-blind and in grey; the dark end is lighter than theirs, so that it is
 * seen on dark pages. Small pages are grey, which is no colour of an order.
 */
const VIRIDIS: readonly Rgb[] = [
  [104, 64, 160],
  [78, 86, 158],
  [49, 104, 142],
  [38, 130, 142],
  [31, 158, 137],
  [53, 183, 121],
  [110, 206, 88],
  [181, 222, 43],
  [253, 231, 37],
];

export const SMALL_PAGE: Rgb = [140, 140, 146];
export const ZERO_PAGE: Rgb = [196, 190, 178];
export const SWAPPED: Rgb = [214, 120, 60];
/** Pages that a collapse makes of nothing. */
export const FILLED: Rgb = [222, 73, 104];

/** The colour of folios of an order; order 0 is a small page. */
export function orderColor(order: number, pmdOrder: number): Rgb {
  if (order < MIN_ANON_ORDER) return SMALL_PAGE;
  return along(
    VIRIDIS,
    pmdOrder === MIN_ANON_ORDER ? 1 : (order - MIN_ANON_ORDER) / (pmdOrder - MIN_ANON_ORDER),
  );
}

const ON_LIGHT: readonly Rgb[] = [
  [226, 233, 241],
  [107, 153, 199],
  [8, 48, 107],
];
const ON_DARK: readonly Rgb[] = [
  [37, 46, 56],
  [62, 116, 168],
  [214, 234, 255],
];

/** How much of a range is in use, from 0 to 1, on a light or a dark page. */
export function occupancyColor(share: number, dark: boolean): Rgb {
  return along(dark ? ON_DARK : ON_LIGHT, share);
}

/** Black or white, whichever is easier to read on a colour. */
export function inkOn([red, green, blue]: Rgb): string {
  const linear = (value: number) => (value / 255) ** 2.2;
  return 0.2126 * linear(red) + 0.7152 * linear(green) + 0.0722 * linear(blue) > 0.18 ? '#000' : '#fff';
}

export function cssColor([red, green, blue]: Rgb): string {
  return `rgb(${red} ${green} ${blue})`;
}

/** The colour at a place between 0 and 1 of evenly spaced ones. */
function along(colors: readonly Rgb[], place: number): Rgb {
  const at = Math.min(1, Math.max(0, place)) * (colors.length - 1);
  const below = Math.floor(at);
  const next = colors[Math.min(below + 1, colors.length - 1)];
  return mixColors(colors[below], next, at - below);
}

/** A colour on the way from one to another: the first at 0, the second at 1. */
export function mixColors(from: Rgb, to: Rgb, share: number): Rgb {
  const at = (i: 0 | 1 | 2) => Math.round(from[i] + share * (to[i] - from[i]));
  return [at(0), at(1), at(2)];
}
