import { isEmpty } from '../../src/core/memory/occupancy.ts';
import { formatOrders } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { formatOutcome } from '../../src/core/rules/outcome.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { geometryFlagWords } from '../../src/render/words/geometry-flags.ts';
import { isModuleName } from './searches/own-search-names.ts';
import { SEARCHES } from './searches/searches.ts';
import type { StepsState } from './steps-state.ts';

/** What of a range `explain --pattern` has no flag for. */
const UNSAYABLE = ['guard', 'unreferenced', 'pinned', 'lazyfree', 'locked', 'uffd'] as const;

/** The command that explains a search of the state in a terminal; undefined where its flags cannot say it. */
export function explainCommandLine(state: StepsState, name: string): string | undefined {
  const { range, orders, limits, outcomes } = state;
  const model = SEARCHES.get(name)?.model?.name ?? state.model;
  const unsayable = UNSAYABLE.some((fact) => range.facts[fact] && !isEmpty(range.facts[fact]));
  const folios = range.folioOrders?.some((order) => order > 0) ?? false;
  if (unsayable || folios || range.pmdMapped || range.uffdArmed || orders === 0) return undefined;
  const isNamed = Object.hasOwn(ALGORITHMS, name) || isModuleName(name);
  if (!isNamed && model === state.model && !SEARCHES.get(name)?.model) return undefined;
  const list = (flag: string, pages: Uint32Array | undefined) =>
    pages && !isEmpty(pages) ? [`--${flag} ${formatPages(pages)}`] : [];
  return [
    'thpscope explain',
    `--pattern ${formatPages(range.facts.present) || "''"}`,
    ...list('swap', range.facts.swap),
    ...list('zero', range.facts.zero),
    ...list('shared', range.facts.shared),
    ...geometryFlagWords(range.geometry),
    `--orders ${formatOrders(orders)}`,
    `--max-ptes-none ${limits.maxPtesNone}`,
    `--max-ptes-swap ${limits.maxPtesSwap}`,
    `--max-ptes-shared ${limits.maxPtesShared}`,
    `--kernel ${model}`,
    ...(isNamed ? [`--algorithm ${name}`] : []),
    ...outcomes.map((rule) => `--outcome ${formatOutcome(rule)}`),
  ].join(' ');
}
