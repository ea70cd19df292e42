import type { CacheRange } from '../../core/memory/cache-range.ts';
import { hasPage, setPages } from '../../core/memory/occupancy.ts';
import { allocFolio } from '../folios/folio-alloc.ts';
import { NO_FRAME } from '../frames/frame-table.ts';
import type { Machine } from '../machine.ts';
import { initCacheFolio, insertFolio } from './cache-folio.ts';
import { type FileArea, filePageAt, forEachMapper, isFileMapped, mapFilePages } from './file-tables.ts';
import { cachedFrame, type FilePages, rangeOf } from './page-cache.ts';

/**
 * Puts what a source saw of a range of a file into the page cache, and maps it where areas do; false if there
 * is no memory. Orders that are not known are taken for 0. How many PTEs map it is known, not which: each
 * mapper has its share, of the first pages. Which pages are dirty is not known either: the first ones are.
 */
export function restoreFileRange(machine: Machine, pages: FilePages, range: CacheRange): boolean {
  const { rangeBytes, rangePages } = machine;
  const number = range.offset / rangeBytes;
  for (let i = 0; i < rangePages; ) {
    const known = range.folioOrders?.[i] ?? 0;
    // The rest of a folio whose first page is not there cannot be.
    const order = i % 2 ** known === 0 ? known : 0;
    if (!hasPage(range.present, i)) {
      i++;
      continue;
    }
    const head = allocFolio(
      machine,
      order,
      machine.rootMemcg,
      machine.nodeOrders[0],
      'light',
      initCacheFolio,
    );
    if (head < 0) return false;
    insertFolio(machine, pages, number * rangePages + i, head);
    i += 2 ** order;
  }
  const held = rangeOf(machine, pages, number);
  held.swapPages = range.swapPages ?? 0;
  setPages(held.dirty, 0, range.dirtyPages ?? 0);
  mapRestored(machine, pages, number, range.mappedPages ?? 0);
  return true;
}

function mapRestored(machine: Machine, pages: FilePages, number: number, mappedPages: number): void {
  const { pageBytes, rangeBytes, rangePages } = machine;
  const mappers: (() => void)[] = [];
  let left = mappedPages;
  forEachMapper(machine, pages, (mm, area) => {
    const start = (number * rangePages + area.mapped.skew) * pageBytes;
    if (start < area.start || start + rangeBytes > area.end) return;
    mappers.push(() => {
      let share = Math.ceil(left / mappers.length);
      mappers.shift();
      if (share >= rangePages && isLeaf(machine, area, start) && !mm.fileTables.has(start / rangeBytes)) {
        mapFilePages(machine, mm, start, rangePages, true);
        left -= rangePages;
        return;
      }
      for (let at = start; at < start + rangeBytes && share > 0; at += pageBytes) {
        if (cachedFrame(machine, pages, filePageAt(machine, area, at)) === NO_FRAME) continue;
        if (isFileMapped(machine, mm, at)) continue;
        mapFilePages(machine, mm, at, 1);
        share--;
        left--;
      }
    });
  });
  for (const map of mappers.slice()) map();
}

/** Whether one PMD entry can map the range at an address. */
function isLeaf(machine: Machine, area: FileArea, address: number): boolean {
  const { frames: f, geometry, rangeBytes } = machine;
  const head = cachedFrame(machine, area.mapped.pages, filePageAt(machine, area, address));
  return address % rangeBytes === 0 && head !== NO_FRAME && f.order[head] === geometry.pmdOrder;
}
