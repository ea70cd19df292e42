import { type DigestTable, type FolioCounts, foliosOf, rowOf, sortedRows } from '../../core/digest/table.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { MIN_ANON_ORDER } from '../../core/memory/order.ts';
import { savedEntries } from '../../core/rules/tlb-reach.ts';
import { withoutZeros } from './blocked-json.ts';

/**
 * What folios change about full windows, as a digest file has it from version 5 on. The table has three
 * counts of each pair of orders; where folios are whole and naturally aligned, their number tells all three:
 * docs/digest.md#folio-rows.
 */
export interface FolioRows {
  /**
   * Occupied PTEs, pages in large folios of such ranges, TLB entries that whole folios save there; then for
   * j = 2, 3, ... below the PMD order and k = 2, 3, ... j, of the full order-j windows that lie in no larger
   * full one: held order-k windows, less two for each held order-(k+1) window. Zeros at the end are left out.
   */
  readonly rows: readonly (readonly number[])[];
  /** Where these do not tell all: occupied PTEs, j, k, more pages in large folios, more entries saved. */
  readonly odd: readonly (readonly number[])[];
}

/** Undefined where there are none. */
export function folioRows(table: DigestTable, reachPages: number): FolioRows | undefined {
  const { geometry } = table;
  const stored: number[][] = [];
  const odd: number[][] = [];
  for (const [pages, { folios }] of sortedRows(table)) {
    if (!folios) continue;
    const { held, large, saved } = lessOuter(folios, geometry);
    const row = [pages, large[large.length - 1], saved[saved.length - 1]];
    for (const [j, first] of outerOrders(geometry)) {
      const foretold = new FolioSums(reachPages);
      for (let k: number = MIN_ANON_ORDER; k <= j; k++) {
        const at = first + k;
        const folios = held[at] - (k < j ? 2 * held[at + 1] : 0);
        row.push(folios);
        const more = [large[at] - foretold.pages, saved[at] - foretold.entries];
        if (more.some((by) => by !== 0)) odd.push([pages, j, k, ...more]);
        foretold.add(k, folios);
      }
    }
    stored.push(withoutZeros(row));
  }
  return stored.length > 0 ? { rows: stored, odd } : undefined;
}

/** Adds what is stored to a table. What is misplaced was refused: `misplacedFolios`. */
export function fillFolioRows(table: DigestTable, { rows, odd }: FolioRows, reachPages: number): void {
  const { geometry } = table;
  const stride = geometry.pmdOrder + 1;
  for (const [pages, inLarge = 0, saved = 0, ...inside] of rows) {
    const counts = foliosOf(rowOf(table, pages), geometry);
    const { held } = counts;
    counts.large[held.length - 1] = inLarge;
    counts.saved[held.length - 1] = saved;
    let next = 0;
    for (const [j, first] of outerOrders(geometry)) {
      const foretold = new FolioSums(reachPages);
      for (let k: number = MIN_ANON_ORDER; k <= j; k++) {
        held[first + k] = inside[next++] ?? 0;
        counts.large[first + k] = foretold.pages;
        counts.saved[first + k] = foretold.entries;
        foretold.add(k, held[first + k]);
      }
      for (let k = j - 1; k >= MIN_ANON_ORDER; k--) held[first + k] += 2 * held[first + k + 1];
    }
  }
  for (const [pages, j, k, inLarge, saved] of odd) {
    const counts = foliosOf(rowOf(table, pages), geometry);
    counts.large[j * stride + k] += inLarge;
    counts.saved[j * stride + k] += saved;
  }
  for (const [pages] of rows) addOuter(foliosOf(rowOf(table, pages), geometry), geometry);
}

/** What in them stands in no place of a table with rows of these numbers of pages, or twice. */
export function misplacedFolios(
  { rows, odd }: FolioRows,
  known: ReadonlySet<number>,
  geometry: Geometry,
): string | undefined {
  const { pmdOrder } = geometry;
  const pairs = ((pmdOrder - MIN_ANON_ORDER) * (pmdOrder - MIN_ANON_ORDER + 1)) / 2;
  const found = new Set<number>();
  for (const [pages, , , ...inside] of rows) {
    if (!known.has(pages) || inside.length > pairs) return `in no window are folios of row ${pages}`;
    if (found.has(pages)) return `twice there are folios of row ${pages}`;
    found.add(pages);
  }
  const places = new Set<string>();
  for (const [pages, j, k] of odd) {
    const place = `[${pages}, ${j}, ${k}]`;
    if (!found.has(pages) || k < MIN_ANON_ORDER || k > j || j >= pmdOrder)
      return `in no window are odd folios ${place}`;
    if (places.has(place)) return `twice there are odd folios ${place}`;
    places.add(place);
  }
  return undefined;
}

/** Orders j below the PMD order, with where the counts of each begin. */
function outerOrders({ pmdOrder }: Geometry): [j: number, first: number][] {
  const orders = Array.from({ length: pmdOrder - MIN_ANON_ORDER }, (_, i) => MIN_ANON_ORDER + i);
  return orders.map((j) => [j, j * (pmdOrder + 1)]);
}

/** The counts of full windows that lie in no larger full one. */
function lessOuter(counts: FolioCounts, geometry: Geometry): FolioCounts {
  const less = { held: counts.held.slice(), large: counts.large.slice(), saved: counts.saved.slice() };
  changeByOuter(less, outerOrders(geometry), geometry, -1);
  return less;
}

/** The counts of all full windows, of those of full windows that lie in no larger full one. */
function addOuter(counts: FolioCounts, geometry: Geometry): void {
  changeByOuter(counts, outerOrders(geometry).reverse(), geometry, 1);
}

function changeByOuter(
  counts: FolioCounts,
  orders: readonly [j: number, first: number][],
  { pmdOrder }: Geometry,
  sign: 1 | -1,
): void {
  for (const [j, first] of orders)
    for (let k: number = MIN_ANON_ORDER; k <= j && j + 1 < pmdOrder; k++)
      for (const list of [counts.held, counts.large, counts.saved])
        list[first + k] += sign * list[first + pmdOrder + 1 + k];
}

/** What whole, naturally aligned folios below an order have: pages, and TLB entries that they save. */
class FolioSums {
  readonly #reachPages: number;
  pages = 0;
  entries = 0;

  constructor(reachPages: number) {
    this.#reachPages = reachPages;
  }

  add(order: number, folios: number): void {
    this.pages += folios * 2 ** order;
    this.entries += folios * savedEntries(order, this.#reachPages);
  }
}
