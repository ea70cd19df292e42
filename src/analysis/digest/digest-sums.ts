import { grouped, plural } from '../../core/base/plural.ts';
import { sum } from '../../core/base/sum.ts';
import { blockedRanges } from '../../core/digest/blocked-table.ts';
import type { DigestTable, FolioCounts } from '../../core/digest/table.ts';
import type { RestartTable } from '../../core/fault/restart-table.ts';
import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';
import { residentPages } from '../ranges/resident-pages.ts';
import { wrongBlocked } from './blocked-sums.ts';
import { type MemoryDigest, RESTART_CLASSES, VMA_CLASSES, type VmaClass } from './memory-digest.ts';

/**
 * What the counts of a digest say that no memory can have, with the row that says it; undefined where
 * everything agrees. Whatever a DigestCollector counts agrees, and so do sums of it.
 */
export function wrongSum(memory: MemoryDigest): string | undefined {
  for (const name of VMA_CLASSES) {
    const wrong = wrongRow(memory, name) ?? wrongApart(memory, name);
    if (wrong !== undefined) return wrong;
    const blocked = wrongBlocked(memory.classes[name].blocked);
    if (blocked !== undefined) return `${name}: ${blocked}`;
  }
  const wrong = wrongTotal(memory);
  if (wrong !== undefined) return wrong;
  for (const name of VMA_CLASSES) {
    const { table } = memory.classes[name];
    const wrong = wrongWindows(table, name) ?? wrongFolios(table, name);
    if (wrong !== undefined) return wrong;
  }
  return wrongRestart(memory) ?? wrongRepeated(memory);
}

/** Pages that are repeated are resident, touched and shared, and count as such in the restart. */
function wrongRepeated({ residentPages, repeated, restart }: MemoryDigest): string | undefined {
  if (!repeated || repeated.pages === 0) return undefined;
  const has = `it repeats ${plural(repeated.pages, 'page')}`;
  if (repeated.pages > residentPages) return `${has} of ${grouped(residentPages)} that are resident`;
  const tables = RESTART_CLASSES.map((name) => repeated.restart[name]);
  const touched = sum(tables.flatMap((table) => [...table.touched]));
  if (restart && touched !== repeated.pages) return `${has}, and ${grouped(touched)} at a restart`;
  const shared = sum(RESTART_CLASSES.map((name) => restart?.[name].sharedPages ?? 0));
  return restart && sum(tables.map(({ sharedPages }) => sharedPages)) > shared
    ? `${has}, of ${grouped(shared)} that are shared`
    : undefined;
}

function wrongRow({ geometry, classes }: MemoryDigest, name: VmaClass): string | undefined {
  const { pmdOrder } = geometry;
  for (const [pages, { ranges, full }] of classes[name].table.rows) {
    const where = () => `row ${pages} of ${name}`;
    if (ranges === 0) return `${where()} has no range`;
    for (let order: number = MIN_ANON_ORDER; order < pmdOrder; order++) {
      const windows = pagesPerRange(geometry) >> order;
      const has = () => `${where()} has ${grouped(full[order])} full windows of order ${order}`;
      // Each page that is missing breaks one window at most.
      const fewest = Math.max(0, windows - (pagesPerRange(geometry) - pages));
      const most = pages >> order;
      if (full[order] < ranges * fewest || full[order] > ranges * most)
        return `${has()} in ${plural(ranges, 'range')}; one such range has ${fewest} to ${most}`;
      if (order + 1 < pmdOrder && full[order] < 2 * full[order + 1])
        return `${has()}, fewer than lie in its ${grouped(full[order + 1])} of order ${order + 1}`;
    }
  }
  return undefined;
}

function wrongApart({ classes }: MemoryDigest, name: VmaClass): string | undefined {
  const states = [...classes[name].apart.values()];
  const empty = states.findIndex(({ count }) => count === 0);
  return empty < 0 ? undefined : `range ${empty + 1} of those kept whole (${name}) is there 0 times`;
}

/** Pages and ranges in the tables of a digest, in what is kept apart, and in what is refused. */
function wrongTotal(memory: MemoryDigest): string | undefined {
  const { geometry, classes, refused } = memory;
  let ranges = 0;
  let resident = 0;
  let huge = 0;
  let refusedPages = 0;
  for (const [reason, { ranges: count, pages }] of refused) {
    if (count === 0 || pages > count * pagesPerRange(geometry))
      return `'refused' has ${plural(pages, 'page')} in ${plural(count, 'range')} of '${reason}'`;
    ranges += count;
    refusedPages += pages;
  }
  for (const name of VMA_CLASSES) {
    const { table, blocked, apart } = classes[name];
    for (const [pages, row] of table.rows) {
      ranges += row.ranges;
      resident += pages * row.ranges;
    }
    for (const row of blocked.rows.values()) {
      ranges += row.ranges;
      resident += row.pages * row.ranges;
      huge += row.largePages;
    }
    huge += table.anyLarge[geometry.pmdOrder];
    for (const { range, count } of apart.values()) {
      const pages = residentPages(range);
      ranges += count;
      resident += pages.resident * count;
      huge += pages.huge * count;
    }
  }
  if (memory.residentPages !== resident + refusedPages)
    return `it has ${plural(memory.residentPages, 'resident page')}, its rows and other ranges have ${grouped(resident + refusedPages)}`;
  // Ranges of zero pages alone are in no table.
  if (memory.ranges < ranges)
    return `it has ${plural(memory.ranges, 'range')}, its rows and other ranges are ${grouped(ranges)}`;
  if (memory.hugePages < huge || memory.hugePages > huge + refusedPages)
    return `it has ${plural(memory.hugePages, 'page')} in large folios, its rows and other ranges have ${grouped(huge)} to ${grouped(huge + refusedPages)}`;
  const { pmdMappedPages, savedEntries } = memory;
  if (pmdMappedPages + savedEntries > memory.hugePages)
    return `it has ${grouped(pmdMappedPages)} pages that PMD entries map and ${grouped(savedEntries)} entries saved by folios, of ${plural(memory.hugePages, 'page')} in large folios`;
  if ((memory.uncheckedPages ?? 0) > memory.residentPages)
    return `it has ${grouped(memory.uncheckedPages ?? 0)} unchecked pages of ${plural(memory.residentPages, 'resident page')}`;
  return undefined;
}

/** Windows with any page, against ranges, pages and full windows. */
function wrongWindows({ geometry, rows, any }: DigestTable, name: VmaClass): string | undefined {
  const { pmdOrder } = geometry;
  let ranges = 0;
  let pages = 0;
  const full = new Float64Array(pmdOrder + 1);
  for (const [occupied, row] of rows) {
    ranges += row.ranges;
    pages += occupied * row.ranges;
    for (let order: number = MIN_ANON_ORDER; order < pmdOrder; order++) full[order] += row.full[order];
  }
  // The range itself is full where every page is.
  full[pmdOrder] = rows.get(pagesPerRange(geometry))?.ranges ?? 0;
  if (any[0] + any[1] > 0) return `'any' of ${name} has windows of orders 0 and 1`;
  if (any[pmdOrder] !== ranges)
    return `'any' of ${name} has ${grouped(any[pmdOrder])} windows of order ${pmdOrder} in ${plural(ranges, 'range')}`;
  for (let order: number = MIN_ANON_ORDER; order <= pmdOrder; order++) {
    const has = () => `'any' of ${name} has ${grouped(any[order])} windows of order ${order}`;
    const outer = () => `that lie in ${grouped(any[order + 1])} of order ${order + 1}`;
    if (order < pmdOrder && (any[order] < any[order + 1] || any[order] > 2 * any[order + 1]))
      return `${has()} ${outer()}`;
    const partial = any[order] - full[order];
    const left = pages - full[order] * 2 ** order;
    if (partial < 0 || left < partial || left > partial * (2 ** order - 1))
      return `${has()}, ${grouped(full[order])} of them full, for ${plural(pages, 'page')}`;
  }
  return undefined;
}

/** What is said of large folios, against rows and windows. */
function wrongFolios(table: DigestTable, name: VmaClass): string | undefined {
  const { geometry, any, anyHeld, anyHeldPages, anyLarge, anySaved } = table;
  const { pmdOrder } = geometry;
  let pages = 0;
  const held = new Float64Array(pmdOrder + 1);
  const large = new Float64Array(pmdOrder + 1);
  for (const [occupied, row] of table.rows) {
    pages += occupied * row.ranges;
    if (!row.folios) continue;
    const wrong = wrongFolioRow(row.folios, row.full, occupied * row.ranges, geometry);
    if (wrong !== undefined) return `row ${occupied} of ${name} ${wrong}`;
    for (let order: number = MIN_ANON_ORDER; order <= pmdOrder; order++) {
      held[order] += row.folios.held[order * (pmdOrder + 2)];
      large[order] += row.folios.large[order * (pmdOrder + 2)];
    }
  }
  const inFolios = anyLarge[pmdOrder];
  for (let order = 0; order <= pmdOrder; order++) {
    const is = (ok: boolean) =>
      ok ? undefined : `'any' of ${name} contradicts its folios at order ${order}`;
    const isOrder = order >= MIN_ANON_ORDER;
    const mostHeld = isOrder && order < pmdOrder ? Math.min(any[order], inFolios) : 0;
    const wrong =
      is(anyHeld[order] >= held[order] && anyHeld[order] <= mostHeld) ??
      is(anyHeldPages[order] >= anyHeld[order] && anyHeldPages[order] <= anyHeld[order] * 2 ** order) ??
      is(anyLarge[order] >= large[order] && anyLarge[order] <= inFolios) ??
      is(anySaved[order] <= anyLarge[order]) ??
      is(anyLarge[order] + anyHeldPages[order] <= pages) ??
      is(!isOrder || anyLarge[order] + anyHeldPages[order] >= inFolios) ??
      is(isOrder || anyLarge[order] === 0);
    if (wrong !== undefined) return wrong;
  }
  return inFolios === large[pmdOrder]
    ? undefined
    : `'any' of ${name} has other pages in large folios than its rows`;
}

/** `pages` are the occupied ones of all ranges of the row. */
function wrongFolioRow(
  { held, large, saved }: FolioCounts,
  full: Float64Array,
  pages: number,
  { pmdOrder }: Geometry,
): string | undefined {
  const stride = pmdOrder + 1;
  const inFolios = large[pmdOrder * stride + pmdOrder];
  if ([held, large, saved].some((list) => list.some((count) => count < 0))) return 'has folios below 0';
  if (saved[saved.length - 1] > inFolios) return 'has more entries saved by folios than pages in them';
  if (inFolios > pages) return `has ${grouped(inFolios)} pages in large folios of ${grouped(pages)}`;
  for (let j: number = MIN_ANON_ORDER; j < pmdOrder; j++) {
    for (let k: number = MIN_ANON_ORDER; k <= j; k++) {
      const at = j * stride + k;
      const windows = full[j] * 2 ** (j - k);
      const outer = j + 1 < pmdOrder ? at + stride : undefined;
      const fits =
        held[at] <= Math.min(windows, inFolios) &&
        large[at] <= Math.min((windows - held[at]) * 2 ** k, inFolios) &&
        saved[at] <= large[at] &&
        (outer === undefined || (held[outer] <= held[at] && large[outer] <= large[at]));
      if (!fits) return `has folios [${j}, ${k}] that its windows do not hold`;
    }
  }
  return undefined;
}

function wrongRestart({ geometry, classes, refused, restart }: MemoryDigest): string | undefined {
  if (!restart) return undefined;
  const elsewhere =
    sum([...refused.values()].map(({ ranges }) => ranges)) +
    sum(VMA_CLASSES.flatMap((name) => [...classes[name].apart.values()].map(({ count }) => count))) +
    sum(VMA_CLASSES.map((name) => blockedRanges(classes[name].blocked)));
  let touched = 0;
  for (const name of RESTART_CLASSES) {
    const table = restart[name];
    const wrong = wrongBlock(table);
    if (wrong !== undefined) return `the restart of ${name} ${wrong}`;
    touched += sum([...table.touched]);
    const ordinary = name === 'small' ? 0 : classes[name].table.any[geometry.pmdOrder];
    const most = (elsewhere + ordinary) * pagesPerRange(geometry);
    if (sum([...table.folioPages]) > most || table.sharedPages > most)
      return `the restart of ${name} has more pages in folios or shared than there are in its ranges`;
  }
  return touched > elsewhere * pagesPerRange(geometry)
    ? `its restart has ${plural(touched, 'touched page')} in ${plural(elsewhere, 'range')}`
    : undefined;
}

function wrongBlock({ geometry, any, touched, folioPages }: RestartTable): string | undefined {
  if (folioPages[0] > 0) return 'has large folios of order 0';
  for (let block = 0; block <= geometry.pmdOrder; block++) {
    const pages = touched[block];
    if (block === 1 && pages > 0) return 'has blocks of order 1';
    for (let order: number = MIN_ANON_ORDER; order <= block; order++) {
      const windows = any[block][order];
      const fits =
        windows <= pages &&
        windows * 2 ** order >= pages &&
        (order === block || (windows >= any[block][order + 1] && windows <= 2 * any[block][order + 1]));
      if (!fits)
        return `has ${grouped(windows)} windows of order ${order} for ${plural(pages, 'touched page')} in block ${block}`;
    }
  }
  return undefined;
}
