import { type Geometry, pagesPerRange } from '../../core/memory/geometry.ts';
import { anonOrders, asOrderSet, NO_ORDERS, type OrderSet, orderSet } from '../../core/memory/order.ts';
import type { KernelModel } from '../../core/rules/kernel-model.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import { type MemoryDigest, VMA_CLASSES } from '../digest/memory-digest.ts';
import type { SweepSpace, SweepWord } from './sweep.ts';

/** More values of max_ptes_none than this are thinned out by default. */
const MAX_NONE_VALUES = 512;

/**
 * Every set of orders that khugepaged or page faults of one of these kernels have for anonymous memory, the
 * empty one included: 2^8 on x86-64 from Linux 6.8 on.
 */
export function allOrderSets(geometry: Geometry, models: readonly KernelModel[]): OrderSet[] {
  if (models.every(({ faultOrders }) => faultOrders === 'pmd'))
    return [NO_ORDERS, orderSet([geometry.pmdOrder])];
  const all = anonOrders(geometry);
  const sets: OrderSet[] = [];
  for (let mask = 0; mask <= all; mask += 4) sets.push(asOrderSet(mask));
  return sets;
}

/**
 * Every max_ptes_none, 0 to NR-1, where that is at most 512 values; else 0, NR-1 and values at which the
 * outcome for this memory changes, spread evenly where there are more of them.
 */
export function allNoneLimits({ geometry, classes }: MemoryDigest): number[] {
  const pages = pagesPerRange(geometry);
  if (pages <= MAX_NONE_VALUES) return Array.from({ length: pages }, (_, i) => i);
  const steps = new Set([0, pages - 1]);
  for (const name of VMA_CLASSES) {
    for (const row of classes[name].table.rows.keys()) steps.add(pages - row);
    // Kernels differ in whether swap entries count towards the PMD order.
    for (const row of classes[name].blocked.rows.values())
      steps.add(pages - row.pages).add(pages - row.pages - row.swapped);
  }
  const sorted = [...steps].filter((step) => step < pages).sort((a, b) => a - b);
  if (sorted.length <= MAX_NONE_VALUES) return sorted;
  const chosen = Array.from(
    { length: MAX_NONE_VALUES },
    (_, i) => sorted[Math.round((i * (sorted.length - 1)) / (MAX_NONE_VALUES - 1))],
  );
  return [...new Set(chosen)];
}

/**
 * The policies that advice chooses among: every set of orders, every max_ptes_none; the other limits stay as
 * they are, and so do sizes of memory that asks for them.
 */
export function adviceSpace(
  memory: MemoryDigest,
  model: KernelModel,
  enabled: readonly SweepWord[],
  settings: ThpSettings,
): SweepSpace {
  const { maxPtesSwap, maxPtesShared } = settings;
  return {
    models: [model],
    enabled,
    orders: allOrderSets(memory.geometry, [model]),
    maxPtesNone: allNoneLimits(memory),
    kept: enabledOrders(settings, true, memory.geometry),
    maxPtesSwap,
    maxPtesShared,
  };
}
