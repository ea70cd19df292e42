import { type Failure, fail, type Result } from '../../src/core/base/failure.ts';
import type { FaultPolicy } from '../../src/core/fault/fault.ts';
import { historyText, type PageAct, parseHistory } from '../../src/core/fault/history.ts';
import { touchedPages } from '../../src/core/fault/restart.ts';
import { type Geometry, geometryOfPmdOrder, pagesPerRange } from '../../src/core/memory/geometry.ts';
import { anonOrders, formatOrders } from '../../src/core/memory/order.ts';
import { formatPages } from '../../src/core/memory/page-list.ts';
import { type PageSpan, parseSpan } from '../../src/core/memory/page-span.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import { geometryFlagWords } from '../../src/render/words/geometry-flags.ts';
import { geometryOf, ordersOfSteps, type ParamChanges, type Params } from '../steps/steps-state.ts';

/** Page faults that are shown step by step: what a program does with one VMA that is empty at first. */
export interface FaultsState {
  readonly geometry: Geometry;
  readonly vma: PageSpan;
  readonly acts: readonly PageAct[];
  readonly policy: FaultPolicy;
}

/** The parameters that page faults have for themselves; `orders` and `pmd` they share with the searches. */
export const FAULT_PARAMS: readonly string[] = ['vma', 'history', 'zeropage'];

/** Touches that are followed in a page: each keeps a picture of its PMD range. */
const MOST_TOUCHES = 16_384;

/** Whether a link asks for page faults, and not for searches. */
export function asksForFaults(params: Params): boolean {
  return params.history !== undefined;
}

/**
 * The page faults that a link asks for. What it says wrongly is as if it was not said, and comes with the
 * reason.
 */
export function faultsOfParams(params: Params): {
  readonly state: FaultsState;
  readonly problems: readonly Failure[];
} {
  const problems: Failure[] = [];
  const take = <T>(result: Result<T>, otherwise: T): T => {
    if (result.ok) return result.value;
    problems.push(result.failure);
    return otherwise;
  };
  const geometry = take(geometryOf(params.pmd), geometryOfPmdOrder(9));
  const whole = wholeRange(geometry);
  const vma = params.vma === undefined ? whole : take(parseSpan(params.vma), whole);
  return {
    state: {
      geometry,
      vma,
      acts: take(shownHistory(params.history ?? '', vma), []),
      policy: {
        orders: take(ordersOfSteps(params.orders, geometry), anonOrders(geometry)),
        hugeZeroPage: params.zeropage !== '0',
      },
    },
    problems,
  };
}

/** The parameters that lead to page faults; those that go without saying are undefined. */
export function paramsOfFaults({ geometry, vma, acts, policy }: FaultsState): ParamChanges {
  return {
    pmd: geometry.pmdOrder === 9 ? undefined : String(geometry.pmdOrder),
    vma: `${vma.start}-${vma.end}`,
    history: historyText(acts),
    orders: formatOrders(policy.orders),
    zeropage: policy.hugeZeroPage ? undefined : '0',
  };
}

/** Reads a history that this page can follow. Fails as `parseHistory` does, and where it is too long. */
export function shownHistory(text: string, vma: PageSpan): Result<PageAct[]> {
  const acts = parseHistory(text, vma);
  if (!acts.ok) return acts;
  const touches = acts.value.reduce(
    (n, { kind, first, end }) => (kind === 'dontneed' ? n : n + end - first),
    0,
  );
  if (touches <= MOST_TOUCHES) return acts;
  return fail(
    'usage',
    `history: ${touches} touches are more than the ${MOST_TOUCHES} that are followed here; thpscope faults follows them all`,
  );
}

/**
 * The page faults of a program that starts again and writes the pages that a range holds, in ascending
 * order. `vma` is that part of the VMA which lies in the range.
 */
export function faultsOfRange(range: RangeState, vma: PageSpan): Pick<FaultsState, 'vma' | 'acts'> {
  const words = formatPages(touchedPages(range)).split(',').filter(Boolean);
  const text = words.map((pages) => `w${pages}`).join(' ');
  const acts = shownHistory(text, vma);
  if (acts.ok) return { vma, acts: acts.value };
  // Pages were painted outside of the VMA.
  const whole = wholeRange(range.geometry);
  const inWhole = shownHistory(text, whole);
  return { vma: whole, acts: inWhole.ok ? inWhole.value : [] };
}

/** A VMA that is exactly the first PMD range. */
export function wholeRange(geometry: Geometry): PageSpan {
  return { start: 0, end: pagesPerRange(geometry) };
}

/** The command that follows the same page faults in a terminal. */
export function faultsCommandLine({ geometry, vma, acts, policy }: FaultsState): string {
  return [
    'thpscope faults',
    `--vma ${vma.start}-${vma.end}`,
    `--history "${historyText(acts)}"`,
    `--orders ${formatOrders(policy.orders)}`,
    ...(policy.hugeZeroPage ? [] : ['--no-zero-page']),
    ...geometryFlagWords(geometry),
  ].join(' ');
}
