import { type FrameTable, PG_MAPPED_SHARED } from '../frames/frame-table.ts';

/**
 * The hint whether more than one mm maps a large folio. Two slots name mms and count their mappings; a third
 * mm finds no slot, so that after the first two have gone the hint stays set although one mm is left: sticky,
 * and wrong then.
 * Source: folio_maybe_mapped_shared, docs/khugepaged.md#shared.
 */
export function noteMapped(f: FrameTable, head: number, mm: number, mappings: number): void {
  const { rmap } = f;
  let own = 0;
  if (rmap[head + 1] === mm || (rmap[head + 1] === 0 && rmap[head + 2] !== mm)) {
    rmap[head + 1] = mm;
    rmap[head + 3] += mappings;
    own = rmap[head + 3] & 0xffff;
  } else if (rmap[head + 2] === mm || rmap[head + 2] === 0) {
    rmap[head + 2] = mm;
    rmap[head + 3] += mappings * 0x10000;
    own = rmap[head + 3] >>> 16;
  }
  if (own !== f.refcount[head + 1]) f.set(head, PG_MAPPED_SHARED);
}

/** The same after mappings were removed; the total mapcount is already lowered. */
export function noteUnmapped(f: FrameTable, head: number, mm: number, mappings: number): void {
  const { rmap } = f;
  if (rmap[head + 1] === mm) {
    rmap[head + 3] -= mappings;
    if ((rmap[head + 3] & 0xffff) === 0) rmap[head + 1] = 0;
  } else if (rmap[head + 2] === mm) {
    rmap[head + 3] -= mappings * 0x10000;
    if (rmap[head + 3] >>> 16 === 0) rmap[head + 2] = 0;
  }
  const total = f.refcount[head + 1];
  if (total === (rmap[head + 3] & 0xffff) || total === rmap[head + 3] >>> 16) f.clear(head, PG_MAPPED_SHARED);
}

/**
 * Whether a folio may be mapped by more than one mm (folio_maybe_mapped_shared, docs/khugepaged.md#shared).
 */
export function maybeMappedShared(f: FrameTable, head: number): boolean {
  if (f.order[head] === 0) return f.mapcount[head] > 1;
  return f.refcount[head + 1] > 1 && f.has(head, PG_MAPPED_SHARED);
}
