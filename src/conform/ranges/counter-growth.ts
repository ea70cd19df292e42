import { type Geometry, noneByOrder } from '../../core/memory/geometry.ts';
import type { CollapsePlan } from '../../core/plan/plan.ts';
import type { ScanResult } from '../../core/rules/scan-result.ts';

/** Counters of sysfs that are kept by order. */
export const COUNTED = [
  'collapse_alloc',
  'collapse_alloc_failed',
  'collapse_exceed_none_pte',
  'collapse_exceed_swap_pte',
  'collapse_exceed_shared_pte',
] as const;

const RAISED_BY: Partial<Record<ScanResult, (typeof COUNTED)[number]>> = {
  SCAN_EXCEED_NONE_PTE: 'collapse_exceed_none_pte',
  SCAN_EXCEED_SWAP_PTE: 'collapse_exceed_swap_pte',
  SCAN_EXCEED_SHARED_PTE: 'collapse_exceed_shared_pte',
};

/**
 * By how much plans raise the counters that khugepaged keeps in sysfs. The guest has memory for every
 * allocation.
 */
export class CounterGrowth {
  /** Scans with a success, whatever they collapsed. */
  pagesCollapsed = 0;

  readonly #geometry: Geometry;
  readonly #ofOrder: Record<(typeof COUNTED)[number], number[]>;

  constructor(geometry: Geometry) {
    this.#geometry = geometry;
    const ofOrder = Object.fromEntries(COUNTED.map((name) => [name, noneByOrder(geometry)]));
    this.#ofOrder = ofOrder as Record<(typeof COUNTED)[number], number[]>;
  }

  /**
   * Every attempt allocates, and a limit that ends the scan counts at the PMD order
   * (docs/khugepaged.md#statistics).
   */
  addPlan(plan: CollapsePlan): void {
    this.#raise(plan.scan.result, this.#geometry.pmdOrder);
    for (const { order, result } of plan.attempts) {
      this.#ofOrder.collapse_alloc[order]++;
      this.#raise(result, order);
    }
  }

  #raise(result: ScanResult, order: number): void {
    const counter = RAISED_BY[result];
    if (counter) this.#ofOrder[counter][order]++;
  }

  toString(): string {
    return formatCounters(this.pagesCollapsed, (name) => this.#ofOrder[name]);
  }
}

/** Counters in the probe's words: by order, from order 2 to the PMD order. */
export function formatCounters(
  pagesCollapsed: number,
  ofOrder: (name: (typeof COUNTED)[number]) => readonly number[],
): string {
  const perOrder = COUNTED.map((name) => `${name}=${ofOrder(name).slice(2).join(',')}`);
  return [`pages_collapsed=${pagesCollapsed}`, ...perOrder].join(' ');
}
