import { describe, expect, test } from 'vitest';
import { asOrder } from '../../src/core/memory/order.ts';
import { codeOfOrder } from '../../src/core/memory/pte-code.ts';
import {
  cssColor,
  FILLED,
  inkOn,
  orderColor,
  type Rgb,
  SMALL_PAGE,
  SWAPPED,
  ZERO_PAGE,
} from '../../src/render/svg/palette.ts';
import { CHANGE_COLORS, FORETOLD_COLORS } from '../../web/changes/change-layers.ts';
import {
  LAYERS,
  type Layer,
  legendOf,
  MARK_INKS,
  PAGE_DARK,
  PAGE_LIGHT,
  RANGE_DARK,
  RANGE_LIGHT,
} from '../../web/map/picture/layers.ts';
import { cellColor } from '../../web/timeline/tile-paint.ts';
import { contrastOf, distanceOf, readColor, readPageColors } from './contrast.ts';

/** WCAG 2: of text, and of lines and signs that mean something. */
const TEXT = 4.5;
const LINE = 3;
/** In OKLab: of fills that lie side by side, and of a fill on what is empty. */
const TOLD_APART = 0.07;
const SEEN = 0.14;

const FILLS: Readonly<Record<string, Rgb>> = {
  'small page': SMALL_PAGE,
  'zero page': ZERO_PAGE,
  swapped: SWAPPED,
  filled: FILLED,
  ...Object.fromEntries([2, 3, 4, 5, 6, 7, 8, 9].map((order) => [`order ${order}`, orderColor(order, 9)])),
};

const GROUNDS = {
  light: [PAGE_LIGHT, RANGE_LIGHT],
  dark: [PAGE_DARK, RANGE_DARK],
} as const;

test('fills of the map, of bars, grids and points are told apart, whichever lie side by side', () => {
  const names = Object.keys(FILLS);
  const alike = names.flatMap((one, i) =>
    names
      .slice(i + 1)
      .filter((other) => distanceOf(cssColor(FILLS[one]), cssColor(FILLS[other])) < TOLD_APART)
      .map((other) => [one, other]),
  );
  expect(alike).toEqual([]);
});

test.each(['why', 'use', 'growth'] as const)('colours of the layer %s are told apart', (layer) => {
  for (const dark of [false, true]) {
    const colors = legendOf(layer, 9, dark).map(({ color }) => cssColor(color));
    for (const [i, one] of colors.entries())
      for (const other of colors.slice(i + 1)) expect(distanceOf(one, other)).toBeGreaterThan(TOLD_APART);
  }
});

test('colours of what changed are told apart, among each other and from what did not', () => {
  for (const colors of [CHANGE_COLORS, FORETOLD_COLORS]) {
    const fills = Object.entries<Rgb>({ still: SMALL_PAGE, ...colors });
    const alike = fills.flatMap(([one, fill], i) =>
      fills
        .slice(i + 1)
        .filter(([, other]) => distanceOf(cssColor(fill), cssColor(other)) < TOLD_APART)
        .map(([other]) => [one, other]),
    );
    expect(alike).toEqual([]);
  }
});

test('the map of a simulation has the colours of the map', () => {
  for (const order of [0, 2, 9])
    expect(cellColor(codeOfOrder(asOrder(order)), 9, PAGE_LIGHT)).toEqual(orderColor(order, 9));
});

test('signs and sizes that are written on a fill are read', () => {
  const faint = Object.entries(FILLS).filter(([, fill]) => contrastOf(inkOn(fill), cssColor(fill)) < TEXT);
  expect(faint).toEqual([]);
  // Rings on filled pages are black, whatever the page is filled with.
  const unseen = Object.entries(FILLS).filter(
    ([name, fill]) => /order [5-9]|filled/.test(name) && contrastOf('#000', cssColor(fill)) < LINE,
  );
  expect(unseen).toEqual([]);
});

describe.each(['light', 'dark'] as const)('%s', (scheme) => {
  const page = readPageColors(scheme);
  const raised = readColor('web/style.css', 'raised', scheme);

  test('every fill is seen on what is empty', () => {
    const unseen = Object.entries(FILLS).filter(([, fill]) =>
      GROUNDS[scheme].some((ground) => distanceOf(cssColor(fill), cssColor(ground)) < SEEN),
    );
    expect(unseen).toEqual([]);
  });

  test('every change is seen on what is empty', () => {
    const unseen = Object.entries<Rgb>({ ...CHANGE_COLORS, ...FORETOLD_COLORS }).filter(([, fill]) =>
      GROUNDS[scheme].some((ground) => distanceOf(cssColor(fill), cssColor(ground)) < SEEN),
    );
    expect(unseen).toEqual([]);
  });

  const onFills = [
    ...Object.values(FILLS),
    ...Object.values<Rgb>({ ...CHANGE_COLORS, ...FORETOLD_COLORS }),
    ...LAYERS.flatMap((layer: Layer) => legendOf(layer, 9, scheme === 'dark').map(({ color }) => color)),
    ...GROUNDS[scheme],
  ].map(cssColor);

  test.each([
    ['frames, the borders of VMAs and the small map', MARK_INKS[scheme].ink, MARK_INKS[scheme].rim],
    ['lines over areas of Timeline, a page that is touched', page.text, page.page],
    ['a second line over areas', page.bad, page.page],
    ['the window of a step', page.accent, page.page],
    ['a page that is in the way, an attempt that failed', page.bad, page.page],
  ])('%s: ink within a rim is seen on whatever is there', (_, ink, rim) => {
    expect(contrastOf(ink, rim)).toBeGreaterThanOrEqual(LINE);
    const unseen = onFills.filter(
      (fill) => Math.max(distanceOf(ink, fill), distanceOf(rim, fill)) < 2 * SEEN,
    );
    expect(unseen).toEqual([]);
  });

  test('parts of bars in lists and stories are told apart, and seen on the page and on panels', () => {
    const parts = [SMALL_PAGE, FILLED, orderColor(9, 9)].map(cssColor);
    for (const [i, part] of parts.entries()) {
      for (const other of parts.slice(i + 1)) expect(distanceOf(part, other)).toBeGreaterThan(SEEN);
      for (const ground of [page.page, raised]) expect(distanceOf(part, ground)).toBeGreaterThan(SEEN);
    }
  });

  test('bars of Timeline that stand on one another are told apart, and seen', () => {
    expect(distanceOf(page.accent, page.bad)).toBeGreaterThan(SEEN);
    for (const bar of [page.accent, page.bad])
      expect(contrastOf(bar, page.page)).toBeGreaterThanOrEqual(LINE);
  });

  test('the map stands on the page', () => {
    expect(contrastOf(cssColor(GROUNDS[scheme][0]), page.page)).toBeLessThan(1.01);
  });

  test.each([
    ['the line of a front, discs on it, marks of what is chosen', page.text],
    ['lines around points, bars and swatches', page.quiet],
    ['the window of a step, the focus', page.accent],
    ['PTEs that are empty', readColor('web/steps/steps.css', 'empty', scheme)],
    ['what collapses', readColor('web/steps/steps.css', 'good', scheme)],
    ['swap over time', cssColor(SWAPPED)],
    ['what fails', page.bad],
  ])('%s: seen on the page and on panels', (_, line) => {
    expect(contrastOf(line, page.page)).toBeGreaterThanOrEqual(LINE);
    expect(contrastOf(line, raised)).toBeGreaterThanOrEqual(LINE - 0.25);
  });

  test('text is read on the page and on panels', () => {
    for (const ink of [page.text, page.quiet, page.accent, page.bad])
      for (const ground of [page.page, raised]) expect(contrastOf(ink, ground)).toBeGreaterThanOrEqual(TEXT);
  });
});
