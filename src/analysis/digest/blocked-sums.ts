import { grouped, plural } from '../../core/base/plural.ts';
import type {
  BlockedKey,
  BlockedRow,
  BlockedTable,
  BlockedWindows,
} from '../../core/digest/blocked-table.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';

/** What a table of blocked windows says that no memory can have, with the row; undefined where it agrees. */
export function wrongBlocked({ geometry, rows, windows }: BlockedTable): string | undefined {
  const groups = new Map<string, RowSums>();
  for (const row of rows.values()) {
    const wrong = wrongRow(row, geometry);
    if (wrong !== undefined) return `blocked row [${row.pages}, ${row.shared}, ${row.swapped}] ${wrong}`;
    addRow(groups, row, geometry);
  }
  for (const each of windows.values()) {
    const name = groupOf(each);
    const sums = groups.get(name);
    const wrong = sums ? wrongWindows(each, sums, geometry) : 'are of no row';
    if (wrong !== undefined) return `blocked windows [${name}] ${wrong}`;
    groups.delete(name);
  }
  for (const name of groups.keys()) return `blocked windows [${name}] are missing`;
  return undefined;
}

/** What the rows with the same shared pages and swap entries add up to. */
interface RowSums {
  ranges: number;
  pages: number;
  readonly full: Float64Array;
  readonly open: Float64Array;
}

function groupOf({ shared, swapped }: Omit<BlockedKey, 'pages'>): string {
  return `${shared}, ${swapped}`;
}

function addRow(groups: Map<string, RowSums>, row: BlockedRow, { pmdOrder }: Geometry): void {
  const name = groupOf(row);
  const byOrder = () => new Float64Array(pmdOrder + 1);
  const sums = groups.get(name) ?? { ranges: 0, pages: 0, full: byOrder(), open: byOrder() };
  groups.set(name, sums);
  sums.ranges += row.ranges;
  sums.pages += row.ranges * row.pages;
  for (let order = 0; order <= pmdOrder; order++) {
    sums.full[order] += row.full[order];
    sums.open[order] += row.open[order];
  }
}

function wrongRow(
  { pages, shared, ranges, largePages, savedEntries, full, open }: BlockedRow,
  geometry: Geometry,
): string | undefined {
  if (ranges === 0) return 'has no range';
  if (largePages > shared * ranges)
    return `has ${plural(largePages, 'page')} in large folios of ${grouped(shared * ranges)} shared ones`;
  if (savedEntries > largePages) return `has ${grouped(savedEntries)} entries saved by folios`;
  for (let order: number = MIN_ANON_ORDER; order < geometry.pmdOrder; order++) {
    const has = () =>
      `has ${grouped(full[order])} full windows of order ${order}, ${grouped(open[order])} of them open`;
    const fits =
      between(full[order], ranges, pages, order, geometry) &&
      between(open[order], ranges, pages - shared, order, geometry) &&
      open[order] <= full[order] &&
      // Each shared page blocks one window at most.
      full[order] - open[order] <= shared * ranges;
    if (!fits) return `${has()}, in ${plural(ranges, 'range')}`;
    const isInside =
      order + 1 === geometry.pmdOrder ||
      (full[order] >= 2 * full[order + 1] && open[order] >= 2 * open[order + 1]);
    if (!isInside) return `${has()}, fewer than lie in those of order ${order + 1}`;
  }
  return undefined;
}

/** Whether ranges with so many pages each can have these windows full: a page that is missing breaks one. */
function between(full: number, ranges: number, pages: number, order: number, geometry: Geometry): boolean {
  const all = pagesPerRange(geometry);
  const fewest = Math.max(0, (all >> order) - (all - pages));
  return full >= ranges * fewest && full <= ranges * (pages >> order);
}

function wrongWindows(
  { shared, swapped, any }: BlockedWindows,
  { ranges, pages, full, open }: RowSums,
  { pmdOrder }: Geometry,
): string | undefined {
  const stride = pmdOrder + 1;
  const whole = pmdOrder * stride;
  if (any[whole] !== pages || any[whole + pmdOrder] !== ranges)
    return `have ${plural(any[whole], 'page')} in ${plural(any[whole + pmdOrder], 'range')}, the rows ${grouped(pages)} in ${grouped(ranges)}`;
  for (let j: number = MIN_ANON_ORDER; j <= pmdOrder; j++) {
    const at = j * stride;
    const all = any[at];
    if (j < pmdOrder) {
      const blocked = any[whole + j] - any[at + j];
      const fits =
        all <= pages - shared * ranges &&
        any[at + j] >= open[j] &&
        blocked >= full[j] - open[j] &&
        blocked <= (shared + swapped) * ranges;
      if (!fits) return `have ${plural(all, 'page')} in ${grouped(any[at + j])} open windows of order ${j}`;
    }
    for (let k: number = MIN_ANON_ORDER; k <= j; k++) {
      const inner = any[at + k];
      const outside = j === pmdOrder || j === MIN_ANON_ORDER ? inner : any[at - stride + Math.min(k, j - 1)];
      const fits =
        inner <= all &&
        inner * 2 ** k >= all &&
        (k === j || (inner >= any[at + k + 1] && inner <= 2 * any[at + k + 1])) &&
        // Open windows lie in open windows of the order below, and all of them in the ranges.
        (k === j || inner <= outside) &&
        (k === pmdOrder || inner <= any[whole + k]);
      if (!fits)
        return `have ${grouped(inner)} windows of order ${k} for ${plural(all, 'page')} in open windows of order ${j}`;
    }
  }
  return undefined;
}
