import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import type { Calibration } from '../khugepaged/costs.ts';

/**
 * A calibration from the times that collapses took: costs of copying and clearing are measured, others as
 * they were.
 */
export function measuredCalibration(
  timings: readonly { readonly pages: number; readonly ns: number }[],
  machine: string,
  geometry: Geometry,
  base: Calibration,
): Calibration {
  const { atNone, perPage } = fitLine(timings);
  const pages = pagesPerRange(geometry);
  const ns = (name: string) => base.costs[name].ns;
  const overhead =
    ns('rangeSetup') +
    2 * pages * ns('scanPte') +
    ns('allocation') +
    ns('tlbFlush') +
    ns('installPmd') +
    ns('free');
  // Costs in the file are for pages of 4 KiB.
  const scale = 2 ** (geometry.pageShift - 12);
  const clear = Math.max(1, atNone - overhead) / pages;
  const copy = Math.max(1, perPage + clear - ns('isolatePage') - ns('removePage'));
  const measured =
    `measured: MADV_COLLAPSE of ranges with ${timings.map((each) => each.pages).join(', ')} pages on ${machine}, best of ` +
    `each: ${Math.round(atNone / 100) / 10} us and ${Math.round(perPage)} ns more for each page that is not a hole; less what ` +
    'the other costs here add up to';
  return {
    name: machine,
    about: `${base.about} What is not measured is as in '${base.name}'.`,
    costs: {
      ...base.costs,
      copyPage: { ns: Math.round(copy / scale), source: measured },
      clearPage: { ns: Math.round(clear / scale), source: measured },
    },
  };
}

/** Least squares: the ns of a range without pages, and of each page more. */
function fitLine(points: readonly { readonly pages: number; readonly ns: number }[]): {
  atNone: number;
  perPage: number;
} {
  const mean = (of: (point: { pages: number; ns: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const x = mean(({ pages }) => pages);
  const y = mean(({ ns }) => ns);
  const perPage = mean(({ pages, ns }) => (pages - x) * (ns - y)) / mean(({ pages }) => (pages - x) ** 2);
  return { atNone: y - perPage * x, perPage };
}
