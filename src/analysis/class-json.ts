import { type Result, succeed } from '../core/base/failure.ts';
import { type DigestTable, foliosOf, rowOf } from '../core/digest/table.ts';
import { type RangeText, rangeOfText, rangeText } from '../core/memory/range-text.ts';
import { type BlockedJson, blockedJson, fillBlocked, withoutZeros } from './blocked-json.ts';
import { addApart, type ClassDigest } from './memory-digest.ts';

/** The ranges of one class of VMAs as a digest stores them. */
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

/** Undefined where there is nothing to store. */
export function classJson({ table, blocked, apart }: ClassDigest): ClassJson | undefined {
  if (table.rows.size + blocked.rows.size + apart.size === 0) return undefined;
  const stored = blockedJson(blocked);
  return {
    ...tableJson(table),
    ...(stored && { blocked: stored }),
    apart: [...apart.values()].map(({ range, count }) => ({ count, range: rangeText(range) })),
  };
}

function tableJson(table: DigestTable): Omit<ClassJson, 'apart' | 'blocked'> {
  const stride = table.geometry.pmdOrder + 1;
  const sorted = [...table.rows].sort(([a], [b]) => a - b);
  return {
    rows: sorted.map(([pages, { ranges, full }]) => withoutZeros([pages, ranges, ...full.slice(2)])),
    folios: sorted.flatMap(([pages, { folios }]) => {
      if (!folios) return [];
      const { held, large, saved } = folios;
      const at = Array.from(held.keys()).filter((i) => held[i] > 0 || large[i] > 0);
      return at.map((i) => [pages, Math.floor(i / stride), i % stride, held[i], large[i], saved[i]]);
    }),
    any: [table.any, table.anyHeld, table.anyHeldPages, table.anyLarge, table.anySaved].map((list) =>
      withoutZeros([...list]),
    ),
  };
}

/** Adds what is stored to an empty class. Fails where a range that was kept is none of its geometry. */
export function fillClass(into: ClassDigest, stored: ClassJson): Result<void> {
  const { geometry } = into.table;
  fillTable(into.table, stored);
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

function fillTable(table: DigestTable, { rows, folios, any }: ClassJson): void {
  const { geometry } = table;
  for (const [pages, ranges, ...full] of rows) {
    const row = rowOf(table, pages);
    row.ranges = ranges;
    row.full.set(full, 2);
  }
  for (const [pages, j, k, held, large, saved = 0] of folios) {
    const counts = foliosOf(rowOf(table, pages), geometry);
    const at = j * (geometry.pmdOrder + 1) + k;
    counts.held[at] = held;
    counts.large[at] = large;
    counts.saved[at] = saved;
  }
  const lists = [table.any, table.anyHeld, table.anyHeldPages, table.anyLarge, table.anySaved];
  for (const [index, list] of lists.entries()) list.set(any[index] ?? []);
}
