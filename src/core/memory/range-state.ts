import type { Geometry } from './geometry.ts';
import { emptyOccupancy, type Occupancy } from './occupancy.ts';

/**
 * What one PMD range holds, as far as its source can see. A fact that is `undefined` is unknown, which is not the same
 * as empty: a prediction assumes the ordinary case and names the assumption.
 * Attribute bitmaps describe PTEs that are present; bits of other PTEs mean nothing.
 */
export interface RangeState {
  readonly geometry: Geometry;
  /** First byte of the range, a multiple of the PMD size. */
  readonly address: number;
  /** PTEs that map a page, the shared zero page included. */
  readonly present: Occupancy;
  /** PTEs that are neither empty nor present: swap entries, migration entries, markers. The kernel's "unmapped". */
  readonly swap: Occupancy;
  /** Of these, guard markers: swapping them in fails. */
  readonly guard: Occupancy | undefined;
  /** PTEs that map the shared zero page. */
  readonly zero: Occupancy | undefined;
  /** PTEs whose folio may be mapped by more than this process (folio_maybe_mapped_shared). */
  readonly shared: Occupancy | undefined;
  /** PTEs that neither the hardware nor the folio's flags call recently used. */
  readonly unreferenced: Occupancy | undefined;
  /** PTEs whose folio has more references than mappings, for example from get_user_pages. */
  readonly pinned: Occupancy | undefined;
  /** PTEs of clean MADV_FREE pages. */
  readonly lazyfree: Occupancy | undefined;
  /** PTEs whose folio is locked. */
  readonly locked: Occupancy | undefined;
  /** PTEs, present or not, that userfaultfd tracks. */
  readonly uffd: Occupancy | undefined;
  /** The order of the folio that each PTE maps, 0 for a small page or no page: 2^pmdOrder bytes. */
  readonly folioOrders: Uint8Array | undefined;
  /** Whether one PMD entry maps the whole range. */
  readonly pmdMapped: boolean | undefined;
  /** Whether the VMA is registered with userfaultfd in any mode. */
  readonly uffdArmed: boolean;
}

/**
 * A range at address 0 of private, recently used pages and nothing else, in folios of these orders; undefined if those
 * are unknown.
 */
export function plainRange(
  geometry: Geometry,
  present: Occupancy,
  folioOrders: Uint8Array | undefined,
): RangeState {
  const none = emptyOccupancy(geometry);
  return {
    geometry,
    address: 0,
    present,
    swap: none,
    guard: none,
    zero: none,
    shared: none,
    unreferenced: none,
    pinned: none,
    lazyfree: none,
    locked: none,
    uffd: none,
    folioOrders,
    pmdMapped: false,
    uffdArmed: false,
  };
}

/** The facts about a range that are sets of its PTEs. */
export const PAGE_FACTS = [
  'present',
  'swap',
  'guard',
  'zero',
  'shared',
  'unreferenced',
  'pinned',
  'lazyfree',
  'locked',
  'uffd',
] as const satisfies readonly (keyof RangeState)[];

export type PageFact = (typeof PAGE_FACTS)[number];

/** The facts about a range that a source may be unable to see. */
export const OBSERVABLE_FACTS = [
  'zero',
  'shared',
  'unreferenced',
  'pinned',
  'lazyfree',
  'locked',
  'uffd',
  'guard',
  'folioOrders',
  'pmdMapped',
] as const satisfies readonly (keyof RangeState)[];

export type ObservableFact = (typeof OBSERVABLE_FACTS)[number];

/** What a prediction takes for granted about a fact that its source could not see. */
export const ASSUMPTIONS: Record<ObservableFact, string> = {
  zero: 'no PTE maps the shared zero page',
  shared: 'no page is shared with another process',
  unreferenced: 'every page was used recently',
  pinned: 'no page is pinned',
  lazyfree: 'no page is a clean MADV_FREE page',
  locked: 'no page is locked',
  uffd: 'no PTE is tracked by userfaultfd',
  guard: 'no PTE is a guard marker',
  folioOrders: 'every page is a small page',
  pmdMapped: 'the range is mapped by a page table',
};

/** The facts that are unknown about a range. */
export function unknownFacts(range: RangeState): ObservableFact[] {
  return OBSERVABLE_FACTS.filter((fact) => range[fact] === undefined);
}

/** Whether any order is above 0. Eight at a time, for this is asked of every range and the answer is mostly no. */
export function hasLargeFolio(folioOrders: Uint8Array): boolean {
  const o = folioOrders;
  for (let i = 0; i < o.length; i += 8)
    if (o[i] | o[i + 1] | o[i + 2] | o[i + 3] | o[i + 4] | o[i + 5] | o[i + 6] | o[i + 7]) return true;
  return false;
}
