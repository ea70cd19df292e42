import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import type { CacheSettings } from '../../core/rules/cache-orders.ts';
import type { CacheKind } from '../../core/rules/page-cache.ts';
import { TOP_LEVEL_WORDS } from '../../core/rules/settings-words.ts';
import {
  defaultShmemSettings,
  SHMEM_SIZE_WORDS,
  SHMEM_WORDS,
  type ShmemSettings,
} from '../../core/rules/shmem-settings.ts';
import type { RunPolicy } from '../ranges/verdict.ts';

/**
 * Settings that can differ in whether they allow huge pages of a kind. They have a name each: of files what
 * the top-level `enabled` says ("madvise"), of shared memory what `shmem_enabled` of the PMD size and of the
 * top level say ("inherit/advise").
 */
export interface Governing {
  readonly name: string;
  readonly settings: CacheSettings;
}

/** What a run judges the page cache by; shared memory by the kernel's default where nothing says. */
export function governingOf({ settings, shmem, model }: RunPolicy, geometry: Geometry): CacheSettings {
  return { settings, shmem: shmem ?? defaultShmemSettings(geometry), model };
}

/** Of kernels that leave files alone a digest knows it without asking. */
const COLLAPSES_FILES = { collapsesFiles: true };

/** All that there are for a kind. */
export function governingsOf(kind: CacheKind, geometry: Geometry): Governing[] {
  if (kind === 'file') {
    const shmem = defaultShmemSettings(geometry);
    return TOP_LEVEL_WORDS.map((enabled) => ({
      name: enabled,
      settings: { settings: { enabled }, shmem, model: COLLAPSES_FILES },
    }));
  }
  return SHMEM_SIZE_WORDS.flatMap((size) =>
    SHMEM_WORDS.map((enabled) => {
      const shmem: ShmemSettings = { enabled, sizes: new Map([[asOrder(geometry.pmdOrder), size]]) };
      return {
        name: `${size}/${enabled}`,
        settings: { settings: { enabled: 'never' }, shmem, model: COLLAPSES_FILES },
      };
    }),
  );
}

/** The name of settings among those of a kind. */
export function governingName(
  kind: CacheKind,
  { settings, shmem }: CacheSettings,
  { pmdOrder }: Geometry,
): string {
  if (kind === 'file') return settings.enabled;
  return `${shmem.sizes.get(asOrder(pmdOrder)) ?? 'never'}/${shmem.enabled}`;
}
