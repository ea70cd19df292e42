import type { Geometry } from '../core/memory/geometry.ts';
import { defaultShmemSettings, type ShmemSettings } from '../core/rules/shmem-settings.ts';
import { defaultSettings, type ThpSettings } from '../core/rules/thp-settings.ts';

export const DEFRAG_WORDS = ['always', 'defer', 'defer+madvise', 'madvise', 'never'] as const;
export type DefragWord = (typeof DEFRAG_WORDS)[number];

/**
 * /sys/kernel/mm/transparent_hugepage as far as page faults and reclaim read it (docs/khugepaged.md#sysfs).
 */
export interface MachineSettings extends ThpSettings {
  /** Top-level `defrag`: which page faults may reclaim and compact for a large folio. */
  readonly defrag: DefragWord;
  readonly shrinkUnderused: boolean;
  readonly shmem: ShmemSettings;
  /** `use_zero_page`: reads of fresh PMD ranges map the huge zero page. */
  readonly useZeroPage: boolean;
}

export function defaultMachineSettings(geometry: Geometry): MachineSettings {
  return {
    ...defaultSettings(geometry),
    defrag: 'madvise',
    shrinkUnderused: true,
    useZeroPage: true,
    shmem: defaultShmemSettings(geometry),
  };
}

/** Whether a page fault that wants a large folio may reclaim and compact directly. */
export function faultReclaims(defrag: DefragWord, hugepage: boolean): boolean {
  if (defrag === 'always') return true;
  return hugepage && (defrag === 'madvise' || defrag === 'defer+madvise');
}
