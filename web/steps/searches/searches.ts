/// <reference types="vite/types/importMeta.d.ts" />

import { KERNEL_MODELS, type KernelModel } from '../../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../../src/core/rules/kernel-names.ts';
import { NEWEST_MODEL } from '../../../src/core/rules/kernel-release.ts';
import type { CollapseAlgorithm } from '../../../src/core/search/algorithm.ts';
import type { AlgorithmName } from '../../../src/core/search/algorithm-names.ts';
import { CHECKED_ALGORITHMS, checkedAlgorithmOf } from '../../../src/verify/checked-algorithm.ts';
import { guarded } from '../../../src/verify/guarded-algorithm.ts';
import { moduleAlgorithm } from '../../../src/verify/module-algorithm.ts';

/** A way to search a range that a column can show. */
export interface Search {
  /** As links and `thpscope verify` name it. */
  readonly name: string;
  /** `own` is a module that was opened in the page. */
  readonly kind: 'built-in' | 'rules' | 'mistake' | 'own';
  readonly algorithm: CollapseAlgorithm;
  /** The rules that come with it; undefined if those that are asked about hold. */
  readonly model: KernelModel | undefined;
}

const MISTAKES = import.meta.glob<unknown>('../../../examples/algorithms/*.js', {
  eager: true,
  import: 'default',
});

/** The searches by name: what `thpscope verify` knows, and the mistakes in examples/algorithms. */
export const SEARCHES: ReadonlyMap<string, Search> = new Map(
  [...builtIn(), ...mistakes()].map((search) => [search.name, search]),
);

function builtIn(): Search[] {
  return [...CHECKED_ALGORITHMS.values()].map(({ name, algorithm, model }) => {
    // Earlier versions come with the rules of their time.
    const rules = Object.hasOwn(KERNEL_MODELS, name) || model !== NEWEST_MODEL;
    return { name, kind: rules ? 'rules' : 'built-in', algorithm, model: rules ? model : undefined };
  });
}

/** Guarded, because a mistake may lead to attempts that no search may make. */
function mistakes(): Search[] {
  return Object.entries(MISTAKES).flatMap(([path, exported]) => {
    const made = moduleAlgorithm(path.replace(/^.*\/|\.js$/g, ''), exported);
    if (!made) return [];
    const { name, algorithm } = guarded(checkedAlgorithmOf(made));
    return [{ name, kind: 'mistake', algorithm, model: undefined } as const];
  });
}

/** In place of the name of a search: a column that is not there. */
export const NO_SEARCH = 'none';

/** The search that a kernel model comes with, and one to hold against it. */
export function searchesOf(model: KernelModelName): { readonly left: string; readonly right: string } {
  const own: AlgorithmName = KERNEL_MODELS[model].algorithm;
  return { left: own, right: own === 'walk' ? 'stack' : 'walk' };
}
