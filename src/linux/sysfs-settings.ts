import { fail, type Result, succeed } from '../core/base/failure.ts';
import { LIMIT_FILES, LIMITS, sizeFolder } from '../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../core/memory/geometry.ts';
import { anonOrders, type Order, ordersOf } from '../core/memory/order.ts';
import type { KhugepagedPace } from '../core/rules/memory-source.ts';
import { defaultLimits } from '../core/rules/policy.ts';
import {
  SIZE_WORDS,
  type SizeWord,
  TOP_LEVEL_WORDS,
  type TopLevelWord,
} from '../core/rules/settings-words.ts';
import type { ThpSettings } from '../core/rules/thp-settings.ts';
import { readKernelFile } from './kernel-file.ts';
import type { KernelTree } from './kernel-tree.ts';

/** The THP settings in force. Fails as unsupported where the kernel has no transparent huge pages. */
export function readThpSettings(tree: KernelTree, geometry: Geometry): Result<ThpSettings> {
  const enabled = readKernelFile(tree.thp('enabled'));
  if (!enabled.ok) {
    return fail(
      'unsupported',
      `no transparent huge pages here (${tree.thp('enabled')} cannot be read); choose --policy default`,
    );
  }
  const sizes = new Map<Order, SizeWord>();
  for (const order of ordersOf(anonOrders(geometry))) {
    const file = readKernelFile(tree.thp(`${sizeFolder(orderBytes(order, geometry))}/enabled`));
    if (file.ok) sizes.set(order, chosenWord(file.value, SIZE_WORDS));
    // Before Linux 6.8 only the PMD size existed and followed the top level.
    else if (order === geometry.pmdOrder) sizes.set(order, 'inherit');
  }
  // max_ptes_swap came with Linux 4.8, max_ptes_shared with 5.8: a model that has them goes by its default.
  const limit = (name: keyof typeof LIMIT_FILES) =>
    readNumber(tree.thp(`khugepaged/${LIMIT_FILES[name]}`)) ?? defaultLimits(geometry)[name];
  return succeed({
    enabled: chosenWord(enabled.value, TOP_LEVEL_WORDS),
    sizes,
    maxPtesNone: limit('maxPtesNone'),
    maxPtesSwap: limit('maxPtesSwap'),
    maxPtesShared: limit('maxPtesShared'),
  });
}

/** The word in brackets of a line such as "always [madvise] never"; `never` if there is none that we know. */
function chosenWord<Word extends TopLevelWord | SizeWord>(line: string, words: readonly Word[]): Word {
  const chosen = /\[(\w+)\]/.exec(line)?.[1];
  return words.find((word) => word === chosen) ?? ('never' as Word);
}

/**
 * The limits whose files the kernel does not have, or does not let this user read; their defaults are used.
 */
export function unreadLimits(tree: KernelTree): string[] {
  return LIMITS.map((limit) => LIMIT_FILES[limit]).filter(
    (name) => readNumber(tree.thp(`khugepaged/${name}`)) === undefined,
  );
}

/** How often khugepaged works and how much it does then; undefined where it does not say. */
export function readKhugepagedPace(tree: KernelTree): KhugepagedPace | undefined {
  const read = (name: string) => readNumber(tree.thp(`khugepaged/${name}`));
  const pagesToScan = read('pages_to_scan');
  const scanSleepMs = read('scan_sleep_millisecs');
  const allocSleepMs = read('alloc_sleep_millisecs');
  const defrag = read('defrag');
  if (pagesToScan === undefined || scanSleepMs === undefined) return undefined;
  if (allocSleepMs === undefined || defrag === undefined) return undefined;
  return { pagesToScan, scanSleepMs, allocSleepMs, defrag: defrag === 1 };
}

/** Whether reclaim splits PMD-order folios that are mostly zeros; undefined where the kernel does not say. */
export function readShrinkUnderused(tree: KernelTree): boolean | undefined {
  const value = readNumber(tree.thp('shrink_underused'));
  return value === undefined ? undefined : value === 1;
}

/** The number in a file; undefined where it is missing, may not be read, or holds something else. */
function readNumber(path: string): number | undefined {
  const file = readKernelFile(path);
  return file.ok && /^\d+$/.test(file.value) ? Number(file.value) : undefined;
}
