import { isEmpty, type Occupancy } from '../../core/memory/occupancy.ts';
import {
  hasLargeFolio,
  OBSERVABLE_FACTS,
  observed,
  type RangeState,
  unknownMask,
} from '../../core/memory/range-state.ts';

/** What decides about a range. */
export const RANGE_KIND = {
  /** Small pages and nothing else: the counts of its windows say what any policy does to it. */
  counted: 0,
  /** Whatever else: it is walked under each policy. */
  walked: 1,
  /** One PMD entry maps it already: every policy refuses it. */
  pmdMapped: 2,
  /** The VMA does not cover the whole range: for those who know it. */
  edge: 3,
  /** Small pages and large folios, and nothing else: its folios are looked at where windows are attempted. */
  folios: 4,
  /** Small pages, all of them shared, and nothing else: counts of its windows say all but one case. */
  shared: 5,
} as const;

export type RangeKind = (typeof RANGE_KIND)[keyof typeof RANGE_KIND];

/** Tells ranges apart by what decides about them: most hold small, unremarkable pages. */
export class RangeKinds {
  /** What is unknown of the range that was asked about last, a bit for each of `OBSERVABLE_FACTS`. */
  unknown = 0;
  /** What is known to hold nothing: sources hand out the same lists for many ranges. */
  #nothing: Occupancy | undefined;
  #smallPages: Uint8Array | undefined;

  of(range: RangeState): Exclude<RangeKind, typeof RANGE_KIND.edge> {
    const { facts, folioOrders } = range;
    this.unknown = unknownMask(range);
    if (range.pmdMapped) return RANGE_KIND.pmdMapped;
    if (range.uffdArmed || !this.#isNothing(facts.swap)) return RANGE_KIND.walked;
    let isShared = false;
    for (const fact of OBSERVABLE_FACTS) {
      const pages = observed(range, fact);
      if (!(pages instanceof Uint32Array) || this.#isNothing(pages)) continue;
      // Counts say nothing of a range in which no page is there, whatever its bits say.
      if (fact !== 'shared' || isEmpty(facts.present) || !holdsAll(pages, facts.present))
        return RANGE_KIND.walked;
      isShared = true;
    }
    const isSmall = this.#isSmall(folioOrders);
    if (isShared) return isSmall ? RANGE_KIND.shared : RANGE_KIND.walked;
    return isSmall ? RANGE_KIND.counted : RANGE_KIND.folios;
  }

  #isNothing(pages: Occupancy): boolean {
    if (pages === this.#nothing) return true;
    if (!isEmpty(pages)) return false;
    this.#nothing = pages;
    return true;
  }

  #isSmall(folioOrders: Uint8Array | undefined): boolean {
    if (!folioOrders || folioOrders === this.#smallPages) return true;
    if (hasLargeFolio(folioOrders)) return false;
    this.#smallPages = folioOrders;
    return true;
  }
}

function holdsAll(pages: Occupancy, of: Occupancy): boolean {
  for (let i = 0; i < of.length; i++) if ((of[i] & ~pages[i]) !== 0) return false;
  return true;
}
