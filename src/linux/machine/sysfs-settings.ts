import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { LIMIT_FILES, LIMITS, PACE_FILES, sizeFolder } from '../../core/base/sysfs.ts';
import { type Geometry, orderBytes } from '../../core/memory/geometry.ts';
import { anonOrders, type Order, ordersOf } from '../../core/memory/order.ts';
import type { KhugepagedPace } from '../../core/rules/memory-source.ts';
import { defaultPace } from '../../core/rules/pace.ts';
import { defaultLimits } from '../../core/rules/policy.ts';
import {
  SIZE_WORDS,
  type SizeWord,
  TOP_LEVEL_WORDS,
  type TopLevelWord,
} from '../../core/rules/settings-words.ts';
import {
  SHMEM_SIZE_WORDS,
  SHMEM_WORDS,
  type ShmemSettings,
  type ShmemSizeWord,
  type ShmemWord,
} from '../../core/rules/shmem-settings.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import { readKernelFile } from '../kernel/kernel-file.ts';
import type { KernelTree } from '../kernel/kernel-tree.ts';

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

const SHMEM_FILE = 'shmem_enabled';

/**
 * The settings of shared memory; undefined where the kernel has none. Before Linux 6.14 no size but the PMD
 * size has a file, and before 6.12 that one follows the top level.
 */
export function readShmemSettings(tree: KernelTree, geometry: Geometry): ShmemSettings | undefined {
  const enabled = readKernelFile(tree.thp(SHMEM_FILE));
  if (!enabled.ok) return undefined;
  const sizes = new Map<Order, ShmemSizeWord>();
  for (const order of ordersOf(anonOrders(geometry))) {
    const file = readKernelFile(tree.thp(`${sizeFolder(orderBytes(order, geometry))}/${SHMEM_FILE}`));
    if (file.ok) sizes.set(order, chosenWord(file.value, SHMEM_SIZE_WORDS));
    else if (order === geometry.pmdOrder) sizes.set(order, 'inherit');
  }
  return { enabled: chosenWord(enabled.value, SHMEM_WORDS), sizes };
}

/** The word in brackets of a line such as "always [madvise] never"; `never` if there is none that we know. */
function chosenWord<Word extends TopLevelWord | SizeWord | ShmemWord | ShmemSizeWord>(
  line: string,
  words: readonly Word[],
): Word {
  return words.find((word) => word === bracketed(line)) ?? ('never' as Word);
}

function bracketed(line: string): string | undefined {
  return /\[([^\]]*)\]/.exec(line)?.[1];
}

/**
 * What could not be read of the settings, or was not understood, and what is taken instead: a sentence each.
 * Kernels before 4.8 do not have max_ptes_swap, those before 5.8 do not have max_ptes_shared.
 */
export function settingsNotes(tree: KernelTree, geometry: Geometry): string[] {
  if (!readKernelFile(tree.thp('enabled')).ok) return [];
  const ofSizes = (name: string, words: readonly string[]) =>
    ordersOf(anonOrders(geometry)).map(
      (order) => [`${sizeFolder(orderBytes(order, geometry))}/${name}`, words] as const,
    );
  const words = [
    ['enabled', TOP_LEVEL_WORDS] as const,
    ...ofSizes('enabled', SIZE_WORDS),
    [SHMEM_FILE, SHMEM_WORDS] as const,
    ...ofSizes(SHMEM_FILE, SHMEM_SIZE_WORDS),
  ].flatMap(([name, known]) => wordNotes(tree, name, known));
  const ofPace = readKhugepagedPace(tree, geometry) ? Object.values(PACE_FILES) : [];
  const unread = [...LIMITS.map((limit) => LIMIT_FILES[limit]), ...ofPace].filter(
    (name) => readNumber(tree.thp(`khugepaged/${name}`)) === undefined,
  );
  if (unread.length === 0) return words;
  const [verb, defaults] = unread.length === 1 ? ['is', 'default is'] : ['are', 'defaults are'];
  const names = unread.join(', ');
  return [...words, `${names} of khugepaged ${verb} not there or may not be read: the ${defaults} taken`];
}

/** A size whose file is missing is one that the kernel does not have. */
function wordNotes(tree: KernelTree, name: string, known: readonly string[]): string[] {
  const file = readKernelFile(tree.thp(name));
  if (!file.ok) return file.failure.kind === 'permission' ? [`${name} may not be read: taken for never`] : [];
  const word = bracketed(file.value);
  if (word === undefined)
    return [`${name} has no word in brackets, as in "${known.join(' ')}": taken for never`];
  return known.includes(word) ? [] : [`${name} is "${word}", a word that is not known here: taken for never`];
}

/**
 * How often khugepaged works and how much it does then; the default for what the kernel does not say,
 * undefined where it says nothing.
 */
export function readKhugepagedPace(tree: KernelTree, geometry: Geometry): KhugepagedPace | undefined {
  const read = (name: keyof typeof PACE_FILES) => readNumber(tree.thp(`khugepaged/${PACE_FILES[name]}`));
  const defaults = defaultPace(geometry);
  const defrag = read('defrag');
  const said = {
    pagesToScan: read('pagesToScan'),
    scanSleepMs: read('scanSleepMs'),
    allocSleepMs: read('allocSleepMs'),
  };
  if (defrag === undefined && Object.values(said).every((value) => value === undefined)) return undefined;
  return {
    pagesToScan: said.pagesToScan ?? defaults.pagesToScan,
    scanSleepMs: said.scanSleepMs ?? defaults.scanSleepMs,
    allocSleepMs: said.allocSleepMs ?? defaults.allocSleepMs,
    defrag: defrag === undefined ? defaults.defrag : defrag === 1,
  };
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
