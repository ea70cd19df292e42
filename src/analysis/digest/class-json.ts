import { type Result, succeed } from '../../core/base/failure.ts';
import { type DigestTable, foliosOf, rowOf, sortedRows } from '../../core/digest/table.ts';
import { type RangeText, rangeOfText, rangeText } from '../../core/memory/range-text.ts';
import { type BlockedJson, blockedJson, fillBlocked, withoutZeros } from './blocked-json.ts';
import { type FolioRows, fillFolioRows, folioRows } from './folio-rows.ts';
import { addApart, type ClassDigest } from './memory-digest.ts';

/**
 * The ranges of one class of VMAs by their counts, as datasets store them and digests did up to version 4.
 */
export interface ClassJson {
  /** Occupied PTEs, ranges, then full windows of orders 2, 3, ...; zeros at the end are left out. */
  readonly rows: readonly (readonly number[])[];
  /**
   * What folios change: occupied PTEs, j, k, held windows, pages in large folios in the others, and the TLB
   * entries that whole folios save there (from version 3 on).
   */
  readonly folios: readonly (readonly number[])[];
  /**
   * By order: windows with a page, those held, pages in those, pages in large folios in the others, and the
   * TLB entries that whole folios save there (from version 3 on).
   */
  readonly any: readonly (readonly number[])[];
  /** Left out where there are none; from version 4 on. */
  readonly blocked?: BlockedJson;
  readonly apart: readonly { readonly count: number; readonly range: RangeText }[];
}

/** The same as a digest file of this version has it. */
export interface FileClassJson extends Omit<ClassJson, 'folios'> {
  /** Left out where there are none. */
  readonly folios?: FolioRows;
}

/** Of any version. */
export type AnyClassJson = ClassJson | FileClassJson;

/** Undefined where there is nothing to store. */
export function classJson(digest: ClassDigest): ClassJson | undefined {
  const stored = withoutFolios(digest);
  return stored && { ...stored, folios: folioCells(digest.table) };
}

/** The same for a file. */
export function fileClassJson(digest: ClassDigest, reachPages: number): FileClassJson | undefined {
  const stored = withoutFolios(digest);
  return stored && { ...stored, folios: folioRows(digest.table, reachPages) };
}

function withoutFolios({ table, blocked, apart }: ClassDigest): Omit<ClassJson, 'folios'> | undefined {
  if (table.rows.size + blocked.rows.size + apart.size === 0) return undefined;
  const stored = blockedJson(blocked);
  const { any, anyHeld, anyHeldPages, anyLarge, anySaved } = table;
  return {
    rows: sortedRows(table).map(([pages, { ranges, full }]) =>
      withoutZeros([pages, ranges, ...full.slice(2)]),
    ),
    any: [any, anyHeld, anyHeldPages, anyLarge, anySaved].map((list) => withoutZeros([...list])),
    ...(stored && { blocked: stored }),
    apart: [...apart.values()].map(({ range, count }) => ({ count, range: rangeText(range) })),
  };
}

function folioCells(table: DigestTable): number[][] {
  const stride = table.geometry.pmdOrder + 1;
  return sortedRows(table).flatMap(([pages, { folios }]) => {
    if (!folios) return [];
    const { held, large, saved } = folios;
    const at = Array.from(held.keys()).filter((i) => held[i] > 0 || large[i] > 0);
    return at.map((i) => [pages, Math.floor(i / stride), i % stride, held[i], large[i], saved[i]]);
  });
}

/**
 * Adds what is stored to an empty class. Fails where a range that was kept is none of its geometry.
 * `reachPages` is what the TLB entries of the digest are counted by.
 */
export function fillClass(into: ClassDigest, stored: AnyClassJson, reachPages: number): Result<void> {
  const { geometry } = into.table;
  fillTable(into.table, stored);
  if (stored.folios) fillFolios(into.table, stored.folios, reachPages);
  if (stored.blocked) fillBlocked(into.blocked, stored.blocked);
  for (const [index, { count, range }] of stored.apart.entries()) {
    const state = rangeOfText(range, geometry);
    if (!state.ok) {
      const { kind, message } = state.failure;
      return { ok: false, failure: { kind, message: `range ${index + 1} of those kept whole: ${message}` } };
    }
    addApart(into, state.value, count);
  }
  return succeed(undefined);
}

function fillTable(table: DigestTable, { rows, any }: Omit<ClassJson, 'folios'>): void {
  for (const [pages, ranges, ...full] of rows) {
    const row = rowOf(table, pages);
    row.ranges = ranges;
    row.full.set(full, 2);
  }
  const lists = [table.any, table.anyHeld, table.anyHeldPages, table.anyLarge, table.anySaved];
  for (const [index, list] of lists.entries()) list.set(any[index] ?? []);
}

function fillFolios(table: DigestTable, folios: ClassJson['folios'] | FolioRows, reachPages: number): void {
  if ('odd' in folios) return fillFolioRows(table, folios, reachPages);
  const { geometry } = table;
  for (const [pages, j, k, held, large, saved = 0] of folios) {
    const counts = foliosOf(rowOf(table, pages), geometry);
    const at = j * (geometry.pmdOrder + 1) + k;
    counts.held[at] = held;
    counts.large[at] = large;
    counts.saved[at] = saved;
  }
}
