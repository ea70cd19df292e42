import type { Geometry } from './geometry.ts';
import { emptyOccupancy, type Occupancy } from './occupancy.ts';
import type { SharedRun } from './shared-runs.ts';

/** What sets of PTEs say of a range. Bits of a fact that does not apply to a PTE mean nothing. */
export const PAGE_FACTS = [
  /** PTEs that map a page, the shared zero page included. */
  'present',
  /**
   * PTEs that are neither empty nor present: swap entries, migration entries, markers. The kernel's
   * "unmapped".
   */
  'swap',
  /** Of these, guard markers: swapping them in fails. */
  'guard',
  /** PTEs that map the shared zero page. */
  'zero',
  /** Present PTEs whose folio may be mapped by more than this process (folio_maybe_mapped_shared). */
  'shared',
  /** Present PTEs that neither the hardware nor the folio's flags call recently used. */
  'unreferenced',
  /** Present PTEs whose folio has more references than mappings, for example from get_user_pages. */
  'pinned',
  /** Present PTEs of clean MADV_FREE pages. */
  'lazyfree',
  /** Present PTEs whose folio is locked. */
  'locked',
  /** PTEs, present or not, that userfaultfd tracks. */
  'uffd',
] as const;

export type PageFact = (typeof PAGE_FACTS)[number];

/** Facts that only pages can have that are present, and ordinary ones. */
export const PRESENT_FACTS = [
  'shared',
  'pinned',
  'lazyfree',
  'locked',
] as const satisfies readonly PageFact[];

/** What no source is without. */
export type SeenFact = 'present' | 'swap';

/** Sets of PTEs that a source may be unable to see. */
export type ExtraFact = Exclude<PageFact, SeenFact>;

/** A bitmap for each fact; `undefined` is unknown, which is not the same as empty. */
export type PageFacts = Readonly<Record<SeenFact, Occupancy> & Record<ExtraFact, Occupancy | undefined>>;

/**
 * The facts of a range: `of` is asked for each that a source may be unable to see. Sources build facts here
 * and nowhere else, so that all have one shape, which keeps reading them fast.
 */
export function pageFacts<T extends Occupancy | undefined>(
  { present, swap }: Readonly<Record<SeenFact, Occupancy>>,
  of: (fact: ExtraFact) => T,
): Record<SeenFact, Occupancy> & Record<ExtraFact, T> {
  return {
    present,
    swap,
    guard: of('guard'),
    zero: of('zero'),
    shared: of('shared'),
    unreferenced: of('unreferenced'),
    pinned: of('pinned'),
    lazyfree: of('lazyfree'),
    locked: of('locked'),
    uffd: of('uffd'),
  };
}

/** A value for each fact. */
export function eachFact<T>(of: (fact: PageFact) => T): Record<PageFact, T> {
  return Object.fromEntries(PAGE_FACTS.map((fact) => [fact, of(fact)])) as Record<PageFact, T>;
}

/**
 * What one PMD range holds, as far as its source can see. What is `undefined` is unknown, which is not the
 * same as empty: a prediction assumes the ordinary case and names the assumption.
 */
export interface RangeState {
  readonly geometry: Geometry;
  /** First byte of the range, a multiple of the PMD size. */
  readonly address: number;
  readonly facts: PageFacts;
  /** The order of the folio that each PTE maps, 0 for a small page or no page: 2^pmdOrder bytes. */
  readonly folioOrders: Uint8Array | undefined;
  /** Whether one PMD entry maps the whole range. */
  readonly pmdMapped: boolean | undefined;
  /** Whether the VMA is registered with userfaultfd in any mode. */
  readonly uffdArmed: boolean;
  /**
   * Which pages the shared ones are; undefined where the source cannot tell, as without the rights of root.
   */
  readonly sharedRuns?: readonly SharedRun[] | undefined;
}

/**
 * A range at address 0 of private, recently used pages and nothing else, in folios of these orders; undefined
 * if those are unknown.
 */
export function plainRange(
  geometry: Geometry,
  present: Occupancy,
  folioOrders: Uint8Array | undefined,
): RangeState {
  const none = emptyOccupancy(geometry);
  const facts = pageFacts({ present, swap: none }, () => none);
  return { geometry, address: 0, facts, folioOrders, pmdMapped: false, uffdArmed: false };
}

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
] as const satisfies readonly (ExtraFact | keyof RangeState)[];

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
  folioOrders: 'every page that no PMD entry maps is a small page',
  pmdMapped: 'the range is mapped by a page table',
};

/** What is known of a fact about a range; undefined is unknown. */
export function observed(
  { facts, folioOrders, pmdMapped }: RangeState,
  fact: ObservableFact,
): Occupancy | Uint8Array | boolean | undefined {
  if (fact === 'folioOrders') return folioOrders;
  return fact === 'pmdMapped' ? pmdMapped : facts[fact];
}

/** The facts that are unknown about a range. */
export function unknownFacts(range: RangeState): ObservableFact[] {
  return OBSERVABLE_FACTS.filter((fact) => observed(range, fact) === undefined);
}

/** The same as a number: a bit for each of `OBSERVABLE_FACTS`. */
export function unknownMask(range: RangeState): number {
  let mask = 0;
  for (let bit = 0; bit < OBSERVABLE_FACTS.length; bit++)
    if (observed(range, OBSERVABLE_FACTS[bit]) === undefined) mask |= 1 << bit;
  return mask;
}

/** The facts whose bits are set. */
export function unknownOfMask(mask: number): ObservableFact[] {
  return OBSERVABLE_FACTS.filter((_, bit) => (mask >>> bit) & 1);
}

/**
 * Whether any order is above 0. Eight at a time, for this is asked of every range and the answer is mostly
 * no.
 */
export function hasLargeFolio(folioOrders: Uint8Array): boolean {
  const o = folioOrders;
  for (let i = 0; i < o.length; i += 8)
    if (o[i] | o[i + 1] | o[i + 2] | o[i + 3] | o[i + 4] | o[i + 5] | o[i + 6] | o[i + 7]) return true;
  return false;
}
