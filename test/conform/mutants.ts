import { type ProbeRange, stateOf } from '../../src/conform/probe/probe-batch.ts';
import type { Belief } from '../../src/conform/ranges/expected.ts';
import { pagesPerRange } from '../../src/core/memory/geometry.ts';
import { asOffset, asOrder, hasLowerOrder } from '../../src/core/memory/order.ts';
import type { PageFact, RangeState } from '../../src/core/memory/range-state.ts';
import { KERNEL_MODELS, type KernelModel } from '../../src/core/rules/kernel-model.ts';
import { LruBatch } from '../../src/core/rules/lru-batch.ts';
import { actionAfter, type NextMove, type ScanResult } from '../../src/core/rules/scan-result.ts';
import {
  type CollapseAlgorithm,
  type JudgedWindow,
  judgeWindow,
  RangeResult,
  type ScannedRange,
} from '../../src/core/search/algorithm.ts';

/** A wrong model. What it leaves out is as it should be. */
export interface Mutant extends Omit<Belief, 'model'> {
  readonly model?: Partial<KernelModel>;
}

/** Pages that a failed attempt put back are free at once. */
class NoLruBatch extends LruBatch {
  override addSmallPage(): void {}
}

/** The walk with a mistake in it. */
function walkWith(mistake: {
  readonly judge?: (window: JudgedWindow, range: ScannedRange) => boolean;
  readonly action?: (result: ScanResult) => NextMove;
  /** The order after a step to an offset. */
  readonly orderAt?: (offset: number, pmdOrder: number) => number;
  /** Pages to step over after a leaf. */
  readonly step?: (size: number) => number;
  readonly descends?: boolean;
}): CollapseAlgorithm {
  return {
    name: 'mutant',
    collapse(range, policy, attempt) {
      const { pmdOrder } = range.geometry;
      const pages = pagesPerRange(range.geometry);
      const outcome = new RangeResult();
      for (let offset = 0, order = pmdOrder, visits = 0; offset < pages && visits < 4 * pages; visits++) {
        const window = judgeWindow(range, policy, asOffset(offset), asOrder(order));
        const qualifies = mistake.judge ? window.enabled && mistake.judge(window, range) : window.qualifies;
        const result = qualifies ? attempt([window])[0] : undefined;
        if (result !== undefined) outcome.record(result);
        const action = result === undefined ? 'next-order' : (mistake.action ?? actionAfter)(result);
        if (action === 'stop') break;
        const lower = order > policy.model.minOrder && hasLowerOrder(policy.orders, asOrder(order));
        if (action === 'next-order' && lower && mistake.descends !== false) {
          order--;
        } else {
          offset += mistake.step?.(1 << order) ?? 1 << order;
          const lowest = 31 - Math.clz32(offset & -offset);
          order = Math.min(mistake.orderAt?.(offset, pmdOrder) ?? lowest, pmdOrder);
          // A window must lie inside the range to be tried at all.
          while (order > 0 && offset + (1 << order) > pages) order--;
        }
      }
      return outcome.under(policy);
    },
  };
}

const none = new Uint32Array(16);

function blindTo(fact: PageFact): (range: ProbeRange) => RangeState {
  return (range) => {
    const state = stateOf(range);
    return { ...state, facts: { ...state.facts, [fact]: none } };
  };
}

export const MUTANTS: Record<string, Mutant> = {
  'threshold one too low': {
    algorithm: walkWith({ judge: ({ occupied, needed }) => occupied >= needed - 1 }),
  },
  'threshold one too high': { algorithm: walkWith({ judge: ({ occupied, needed }) => occupied > needed }) },
  'intermediate max_ptes_none scaled': { model: { noneRule: 'scaled' } },
  'intermediate max_ptes_none capped and scaled': { model: { noneRule: 'capped' } },
  'smallest order 3': { model: { minOrder: asOrder(3) } },
  'PMD order only': { model: { pmdOrderOnly: true } },
  'no skip on SCAN_PTE_MAPPED_HUGEPAGE': {
    algorithm: walkWith({
      action: (result) => (result === 'SCAN_PTE_MAPPED_HUGEPAGE' ? 'next-order' : actionAfter(result)),
    }),
  },
  'every failure skips the window': {
    algorithm: walkWith({ action: (result) => (actionAfter(result) === 'stop' ? 'stop' : 'next-offset') }),
  },
  'every failure stops the walk': {
    algorithm: walkWith({ action: (result) => (result === 'SCAN_SUCCEED' ? 'next-offset' : 'stop') }),
  },
  'next order by integer log2, the highest set bit': {
    algorithm: walkWith({ orderAt: (offset) => 31 - Math.clz32(offset) }),
  },
  'next order always the PMD order': { algorithm: walkWith({ orderAt: (_, pmdOrder) => pmdOrder }) },
  'steps of 4 pages after a window': { algorithm: walkWith({ step: () => 4 }) },
  'no descent': { algorithm: walkWith({ descends: false }) },
  'clean MADV_FREE pages collapse': { model: { refusesLazyfree: false } },
  'blind to shared pages': { see: blindTo('shared') },
  'blind to references': { see: blindTo('unreferenced') },
  'blind to pins': { see: blindTo('pinned') },
  'blind to existing folios': {
    see: (range) => ({ ...stateOf(range), folioOrders: new Uint8Array(512), pmdMapped: false }),
  },
  'blind to PMD mappings': { see: (range) => ({ ...stateOf(range), pmdMapped: false }) },
  'zero pages count as present': { see: blindTo('zero') },
  'swap entries fill windows below the PMD order': {
    algorithm: walkWith({
      judge: ({ order, occupied, needed, qualifies }, { geometry, unmapped }) =>
        order === geometry.pmdOrder ? qualifies : occupied + unmapped >= needed,
    }),
  },
  'swap entries do not fill the PMD order': { model: { unmappedFillsPmd: false } },
  'the search sees that userfaultfd is armed': { model: { searchSeesUffd: true } },
  'no reason returned': { model: { returnsReason: false } },
  'max_ptes_swap ignored': { policy: { maxPtesSwap: 512 } },
  'max_ptes_shared ignored': { policy: { maxPtesShared: 512 } },
  'references and MADV_FREE do not matter, as for MADV_COLLAPSE': { policy: { caller: 'madvise' } },
  'no LRU batch': { newLruBatch: () => new NoLruBatch() },
  'blind to swap': { see: blindTo('swap') },
  'guard markers can be swapped in': { see: blindTo('guard') },
  'blind to userfaultfd marks': { see: blindTo('uffd') },
  'blind to armed VMAs': { see: (range) => ({ ...stateOf(range), uffdArmed: false }) },
  'MADV_COLLAPSE stops at a range without a page table': { model: { madviseStopsAtEmptyPmd: true } },
  'the correct model, which must fail nothing': { algorithm: walkWith({}) },
};

export function mutated({ model, ...mistakes }: Mutant, kernel: KernelModel): Belief {
  return { model: { ...kernel, ...model }, ...mistakes };
}

export const MODEL_OF = { '7.2': KERNEL_MODELS['linux-7.2'], '7.3': KERNEL_MODELS['linux-7.3'] };
