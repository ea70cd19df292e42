import { sizeFolder } from '../../src/core/base/sysfs.ts';
import { type Geometry, rangeBytes } from '../../src/core/memory/geometry.ts';
import { asOrder } from '../../src/core/memory/order.ts';
import type { Host } from '../../src/core/rules/memory-source.ts';
import { TOP_LEVEL_WORDS, type TopLevelWord } from '../../src/core/rules/settings-words.ts';
import {
  defaultShmemSettings,
  SHMEM_SIZE_WORDS,
  SHMEM_WORDS,
  type ShmemSettings,
  type ShmemSizeWord,
  type ShmemWord,
} from '../../src/core/rules/shmem-settings.ts';
import { defaultSettings } from '../../src/core/rules/thp-settings.ts';

/** What governs huge pages of files and of shared memory, beside the policy for anonymous memory. */
export interface CacheChoice {
  /** The top-level `enabled`: for files. */
  readonly enabled: TopLevelWord;
  /** The top-level `shmem_enabled`. */
  readonly shmem: ShmemWord;
  /** `shmem_enabled` of the PMD size. */
  readonly shmemSize: ShmemSizeWord;
  /** Whether the machine or the link says what shared memory has; else it is the kernel's default. */
  readonly isShmemKnown: boolean;
}

/** The choice that memory starts with, and what the parameters of a link make of it. */
export function cacheChoiceFrom(
  params: Readonly<Record<string, string>>,
  { geometry, settings, shmem }: Pick<Host, 'geometry' | 'settings' | 'shmem'>,
): CacheChoice {
  const { enabled, sizes } = shmem ?? defaultShmemSettings(geometry);
  const first = sizes.get(asOrder(geometry.pmdOrder)) ?? 'never';
  const asked = { top: wordOf(SHMEM_WORDS, params.shmem), size: wordOf(SHMEM_SIZE_WORDS, params.shmemsize) };
  return {
    enabled: wordOf(TOP_LEVEL_WORDS, params.enabled) ?? (settings ?? defaultSettings(geometry)).enabled,
    shmem: asked.top ?? enabled,
    shmemSize: asked.size ?? first,
    isShmemKnown: (shmem ?? asked.top ?? asked.size) !== undefined,
  };
}

/** The parameters of a link that say this choice, whatever the memory's own settings are. */
export function paramsOfCacheChoice({ enabled, shmem, shmemSize }: CacheChoice): Record<string, string> {
  return { enabled, shmem, shmemsize: shmemSize };
}

/** The settings of shared memory that a choice stands for; undefined where nothing says. */
export function shmemOf(
  { shmem, shmemSize, isShmemKnown }: CacheChoice,
  geometry: Geometry,
): ShmemSettings | undefined {
  if (!isShmemKnown) return undefined;
  return { enabled: shmem, sizes: new Map([[asOrder(geometry.pmdOrder), shmemSize]]) };
}

/** Files below /sys/kernel/mm/transparent_hugepage, with what to write for a choice in place of another. */
export function writesOfCacheChoice(
  from: CacheChoice,
  to: CacheChoice,
  geometry: Geometry,
): { readonly path: string; readonly value: string }[] {
  const size = `${sizeFolder(rangeBytes(geometry))}/shmem_enabled`;
  return [
    { path: 'enabled', value: to.enabled, before: from.enabled },
    { path: 'shmem_enabled', value: to.shmem, before: from.shmem },
    { path: size, value: to.shmemSize, before: from.shmemSize },
  ].flatMap(({ path, value, before }) => (value === before ? [] : [{ path, value }]));
}

function wordOf<Word extends string>(words: readonly Word[], text: string | undefined): Word | undefined {
  return words.find((word) => word === text);
}
