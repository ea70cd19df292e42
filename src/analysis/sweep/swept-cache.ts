import type { TopLevelWord } from '../../core/rules/settings-words.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { CacheQuery, CacheWorth } from '../cache/cache-query.ts';
import type { CacheTally } from '../cache/cache-tally.ts';
import type { SweepSpace, SweptPolicy } from './sweep.ts';
import { topLevelUnder } from './sysfs-writes.ts';

/** What the page cache comes to from a value of max_ptes_none on, up to the next step. */
export interface CacheStep {
  /** What the top-level file says. */
  readonly enabled: TopLevelWord;
  readonly maxPtesNone: number;
  /** The last value of the space to which it is the same. */
  readonly upTo: number;
  readonly worth: CacheWorth;
}

/**
 * The page cache under the policies of a sweep. Of all that they vary max_ptes_none alone moves it, and the
 * top-level file on kernels without files of sizes.
 */
export class SweptCache {
  readonly query: CacheQuery;
  readonly #base: Pick<ThpSettings, 'enabled'>;
  readonly #space: SweepSpace;

  constructor(query: CacheQuery, base: Pick<ThpSettings, 'enabled'>, space: SweepSpace) {
    this.query = query;
    this.#base = base;
    this.#space = space;
  }

  worth(policy: SweptPolicy): CacheWorth {
    return this.#ask(topLevelUnder(this.#base, policy, this.#space.kept), policy.maxPtesNone);
  }

  /** All that is to be said of it: for each word of the top level the values at which anything changes. */
  steps(): CacheStep[] {
    const { models, enabled, orders, kept, maxPtesNone } = this.#space;
    const words = new Set<TopLevelWord>();
    for (const model of models)
      for (const word of enabled)
        for (const set of orders)
          words.add(topLevelUnder(this.#base, { model, orders: set, enabled: word }, kept));
    return [...words].flatMap((word) => {
      const steps: CacheStep[] = [];
      for (const value of maxPtesNone) {
        const worth = this.#ask(word, value);
        const last = steps.at(-1);
        if (last && last.worth.collapses === worth.collapses) steps.splice(-1, 1, { ...last, upTo: value });
        else steps.push({ enabled: word, maxPtesNone: value, upTo: value, worth });
      }
      return steps;
    });
  }

  /** Each kind under the policy with the highest max_ptes_none. */
  mostByKind(): readonly CacheTally[] {
    const { enabled, upTo: maxPtesNone } = this.steps().at(-1) as CacheStep;
    const { maxPtesSwap } = this.#space;
    return [...this.query.byKind({ enabled, maxPtesNone, maxPtesSwap }).values()];
  }

  #ask(enabled: TopLevelWord, maxPtesNone: number): CacheWorth {
    return this.query.worth({ enabled, maxPtesNone, maxPtesSwap: this.#space.maxPtesSwap });
  }
}
