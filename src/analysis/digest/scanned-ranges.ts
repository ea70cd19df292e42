import { sum } from '../../core/base/sum.ts';
import { intersectOrders } from '../../core/memory/order.ts';
import { collapsibleOrders, type KernelModel } from '../../core/rules/kernel-model.ts';
import { isScanResult } from '../../core/rules/scan-result.ts';
import { enabledOrders, type ThpSettings } from '../../core/rules/thp-settings.ts';
import { type ClassDigest, type MemoryDigest, VMA_CLASSES, type VmaClass } from './memory-digest.ts';

/**
 * PMD ranges that khugepaged scans under settings: those in VMAs for which it has a size. Of ranges that the
 * scan refuses whatever the settings (huge already, for instance) a digest does not keep the class of their
 * VMA: they count wherever any memory is scanned, so that under `madvise` alone this is an upper bound.
 */
export function scannedRanges(
  { geometry, classes, ranges, refused }: MemoryDigest,
  settings: ThpSettings,
  model: KernelModel,
): number {
  const isScanned = (name: VmaClass) => {
    const enabled = enabledOrders(settings, name === 'hugepage', geometry);
    return intersectOrders(enabled, collapsibleOrders(model, geometry)) !== 0;
  };
  const others = VMA_CLASSES.filter((name) => !isScanned(name));
  if (others.length === VMA_CLASSES.length) return 0;
  const ignored = [...refused].map(([reason, memory]) => (isScanResult(reason) ? 0 : memory.ranges));
  return ranges - sum(ignored) - sum(others.map((name) => rangesOf(classes[name])));
}

function rangesOf({ table, blocked, apart }: ClassDigest): number {
  const counted = [...table.rows.values(), ...blocked.rows.values()].map(({ ranges }) => ranges);
  return sum(counted) + sum([...apart.values()].map(({ count }) => count));
}
