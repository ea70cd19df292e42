import {
  type Prediction,
  type PredictionOptions,
  predictMemory,
} from '../../src/analysis/prediction/prediction.ts';
import type { RunPolicy, Verdict } from '../../src/analysis/ranges/verdict.ts';
import { geometryOfPmdOrder, rangeBytes } from '../../src/core/memory/geometry.ts';
import type { Order } from '../../src/core/memory/order.ts';
import type { RangeState } from '../../src/core/memory/range-state.ts';
import type { MemoryItem, Process } from '../../src/core/rules/memory-source.ts';
import type { SizeWord, TopLevelWord } from '../../src/core/rules/settings-words.ts';
import type { Vma } from '../../src/core/rules/vma.ts';
import { ALGORITHMS } from '../../src/core/search/algorithms.ts';
import { outcomesOf, type PolicyText, policyOf, type RangeText, rangeOf } from '../support/ranges.ts';

export interface RunPolicyText extends PolicyText {
  /** Top-level `enabled`, `always` by default. */
  readonly enabled?: TopLevelWord;
  /** The word of every order in `orders`; `always` by default. */
  readonly word?: SizeWord;
  readonly outcomes?: readonly string[];
}

export function runPolicyOf(text: RunPolicyText = {}): RunPolicy {
  const { orders, model, ...limits } = policyOf(text);
  const sizes = new Map<Order, SizeWord>();
  for (let order = 0; order <= 13; order++) {
    if (orders & (1 << order)) sizes.set(order as Order, text.word ?? 'always');
  }
  const geometry = geometryOfPmdOrder(text.pmdOrder ?? 9);
  return {
    settings: { enabled: text.enabled ?? 'always', sizes, ...limits },
    model,
    algorithm: ALGORITHMS[model.algorithm],
    outcomes: outcomesOf(text.outcomes ?? [], geometry),
  };
}

export function processItem(pid: number, text: Partial<Process> = {}): MemoryItem {
  const process = { pid, startTime: 1, command: `p${pid}`, cgroup: '', thpDisabled: false, ...text };
  return { kind: 'process', process };
}

/** A VMA; by default 1G of anonymous memory at address 0 without flags. */
export function vmaItem(text: Partial<Vma> = {}): MemoryItem & { readonly kind: 'vma' } {
  const vma = {
    start: 0,
    end: 2 ** 30,
    name: '',
    anonymous: true,
    flags: [],
    thpEligible: undefined,
    rssBytes: 0,
    swapBytes: 0,
    ...text,
  };
  return { kind: 'vma', vma };
}

export function rangesItem(...ranges: RangeState[]): MemoryItem {
  return { kind: 'ranges', ranges };
}

/** Ranges one after the other from an address on, all their facts known. */
export function knownRanges(texts: readonly RangeText[], address = 0): MemoryItem {
  return rangesItem(
    ...texts.map((text, i) =>
      rangeOf({ ...NOTHING_UNUSUAL, address: address + i * rangeBytes(geometryOfPmdOrder(9)), ...text }),
    ),
  );
}

const NOTHING_UNUSUAL: RangeText = {
  guard: '',
  zero: '',
  shared: '',
  unreferenced: '',
  pinned: '',
  lazyfree: '',
  locked: '',
  uffd: '',
  folios: [],
  pmdMapped: false,
};

export async function* streamOf(items: readonly MemoryItem[]): AsyncGenerator<MemoryItem> {
  yield* items;
}

export function predictItems(
  items: readonly MemoryItem[],
  text: RunPolicyText = {},
  options?: PredictionOptions,
): Promise<Prediction> {
  return predictMemory(streamOf(items), geometryOfPmdOrder(text.pmdOrder ?? 9), runPolicyOf(text), options);
}

/** The verdicts on the ranges of one VMA of one process. */
export async function verdictsOf(
  items: readonly MemoryItem[],
  text: RunPolicyText = {},
  process: Partial<Process> = {},
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  await predictItems([processItem(1, process), ...items], text, {
    onVerdict: (_, verdict) => verdicts.push(verdict),
  });
  return verdicts;
}
