import type { Occupancy } from '../core/memory/occupancy.ts';
import { isEmpty } from '../core/memory/occupancy.ts';
import { hasLargeFolio, OBSERVABLE_FACTS, observed, type RangeState } from '../core/memory/range-state.ts';

/** Tells ranges that hold small, unremarkable pages and nothing else: most do. */
export class PlainRanges {
  /** What is known to hold nothing: sources hand out the same lists for many ranges. */
  #nothing: Occupancy | undefined;
  #smallPages: Uint8Array | undefined;

  /** What is unknown of such a range, a bit for each of `OBSERVABLE_FACTS`; undefined of other ranges. */
  unknownOf(range: RangeState): number | undefined {
    const unknown = this.unknownBesidesFolios(range);
    const { folioOrders } = range;
    if (unknown !== undefined && folioOrders && folioOrders !== this.#smallPages) {
      if (hasLargeFolio(folioOrders)) return undefined;
      this.#smallPages = folioOrders;
    }
    return unknown;
  }

  /** The same of a range that may hold large folios besides, which no PMD entry maps. */
  unknownBesidesFolios(range: RangeState): number | undefined {
    if (range.pmdMapped || range.uffdArmed || !this.#isNothing(range.facts.swap)) return undefined;
    let unknown = 0;
    for (let bit = 0; bit < OBSERVABLE_FACTS.length; bit++) {
      const value = observed(range, OBSERVABLE_FACTS[bit]);
      if (value === undefined) unknown |= 1 << bit;
      else if (value instanceof Uint32Array && !this.#isNothing(value)) return undefined;
    }
    return unknown;
  }

  #isNothing(pages: Occupancy): boolean {
    if (pages === this.#nothing) return true;
    if (!isEmpty(pages)) return false;
    this.#nothing = pages;
    return true;
  }
}
