import { median } from '../core/base/median.ts';
import { type Geometry, pagesPerRange } from '../core/memory/geometry.ts';
import type { Calibration } from '../khugepaged/costs.ts';

/** Pages copied and the ns that it took: of a collapse to the PMD size. */
interface TimedCollapse {
  readonly pages: number;
  readonly ns: number;
}

/** What khugepaged was seen to do. */
export interface WatchedWork {
  /** Times of scans that looked at all PTEs of a range, in ns. */
  readonly scansNs: readonly number[];
  readonly collapses: readonly TimedCollapse[];
}

/** Fewer of a kind say too little. */
const FEWEST = 8;

/**
 * A calibration from times of khugepaged's own work. Costs of scanning, copying and clearing are measured;
 * the others are those of `base`, and are taken off what was measured. Undefined where too little was seen.
 * Clearing is measured by collapses with holes, copying by those with pages: what was not seen stays as in
 * `base`.
 */
export function watchedCalibration(
  { scansNs, collapses }: WatchedWork,
  machine: string,
  geometry: Geometry,
  base: Calibration,
): Calibration | undefined {
  const pages = pagesPerRange(geometry);
  const ns = (name: string) => base.costs[name].ns;
  // Costs in the file are for pages of 4 KiB.
  const scale = 2 ** (geometry.pageShift - 12);
  const measured: Record<string, number> = {};
  const by: Record<string, string> = {};
  if (scansNs.length >= FEWEST) {
    const each = (median(scansNs) - ns('rangeSetup') - ns('areaVisit')) / pages;
    measured.scanPte = round(Math.max(0.1, each));
    by.scanPte = `${scansNs.length} scans of ${pages} PTEs`;
  }
  const scanPte = measured.scanPte ?? ns('scanPte');
  const fixed =
    ns('allocation') +
    2 * ns('revalidate') +
    2 * ns('lock') +
    ns('tlbFlush') +
    pages * scanPte +
    ns('installPmd');
  const perPage = ns('isolatePage') + ns('removePage');
  /** What was left for copying `pages` of a collapse and clearing the others. */
  const points = collapses.map((each) => ({
    pages: each.pages,
    ns: each.ns - fixed - each.pages * perPage,
  }));
  if (points.length >= FEWEST) {
    const said = `${points.length} collapses of ${pages} pages`;
    const { copy, clear } = copyAndClear(points, pages, ns('copyPage') * scale, ns('clearPage') * scale);
    if (copy !== undefined) [measured.copyPage, by.copyPage] = [round(copy / scale), said];
    if (clear !== undefined) [measured.clearPage, by.clearPage] = [round(clear / scale), said];
  }
  if (Object.keys(measured).length === 0) return undefined;
  const costs = Object.entries(measured).map(([name, value]) => [
    name,
    {
      ns: value,
      source: `measured: ${by[name]} by khugepaged on ${machine}, medians of trace events; less what the other costs here add up to`,
    },
  ]);
  return {
    name: machine,
    about: `${base.about} What is not measured is as in '${base.name}'.`,
    costs: { ...base.costs, ...Object.fromEntries(costs) },
  };
}

/** The ns of copying a page and of clearing one; undefined for what was hardly done. */
function copyAndClear(
  points: readonly TimedCollapse[],
  pages: number,
  copyBefore: number,
  clearBefore: number,
): { copy: number | undefined; clear: number | undefined } {
  const full = points.filter((point) => point.pages >= (3 * pages) / 4);
  const hollow = points.filter((point) => point.pages <= pages / 4);
  const middle = (of: readonly TimedCollapse[]) => ({
    pages: median(of.map((point) => point.pages)),
    ns: median(of.map((point) => point.ns)),
  });
  const least = Math.ceil(FEWEST / 2);
  if (full.length >= least && hollow.length >= least) {
    const [much, little] = [middle(full), middle(hollow)];
    const difference = (much.ns - little.ns) / (much.pages - little.pages);
    const clear = Math.max(1, (little.ns - little.pages * difference) / pages);
    return { copy: Math.max(1, difference + clear), clear };
  }
  const all = middle(points);
  const holes = pages - all.pages;
  return all.pages >= holes
    ? { copy: Math.max(1, (all.ns - holes * clearBefore) / all.pages), clear: undefined }
    : { copy: undefined, clear: Math.max(1, (all.ns - all.pages * copyBefore) / holes) };
}

function round(ns: number): number {
  return Math.round(ns * 10) / 10;
}
