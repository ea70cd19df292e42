import { forEachSharedPage } from '../../core/memory/shared-runs.ts';
import { collapsesOf } from '../../core/plan/collapses.ts';
import type { Verdict } from './verdict.ts';

/** Pages whose copies are counted together: their numbers mostly follow each other. */
const BLOCK = 512;

/**
 * Counts the originals of shared pages that nobody maps any more: a collapse copies them, and once all who
 * map a page have copied it, it is freed. n sharers that all collapse grow by n - 1 times. Only a folio of
 * the PMD order may take the place of shared pages.
 */
export class FreedOriginals {
  /** Copies of each page so far, by blocks of page numbers. */
  readonly #copies = new Map<number, Uint32Array>();

  /** The pages that the collapses of a range free. */
  add({ range, plan }: Pick<Verdict, 'range' | 'plan'>): number {
    const { sharedRuns, geometry } = range;
    if (!plan || !sharedRuns || sharedRuns.length === 0) return 0;
    if (!collapsesOf(plan).some(({ order }) => order === geometry.pmdOrder)) return 0;
    let freed = 0;
    forEachSharedPage(sharedRuns, (_, id, mappings) => {
      if (this.#copy(id) === mappings) freed++;
    });
    return freed;
  }

  #copy(id: number): number {
    const number = Math.floor(id / BLOCK);
    let block = this.#copies.get(number);
    if (!block) this.#copies.set(number, (block = new Uint32Array(BLOCK)));
    return ++block[id - number * BLOCK];
  }
}
