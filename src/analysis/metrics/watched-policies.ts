import type { Geometry } from '../../core/memory/geometry.ts';
import { asOrder } from '../../core/memory/order.ts';
import { defaultSettings, type ThpSettings } from '../../core/rules/thp-settings.ts';

/** 64K with pages of 4K: what contiguous PTEs of arm64 map, and what most who try mTHP begin with. */
const MTHP_ORDER = asOrder(4);

/**
 * Settings that operators consider, by the names that metrics have them under: docs/metrics.md#policies. The
 * settings in force are `current`.
 */
export const WATCHED_POLICIES = {
  default: defaultSettings,
  madvise: (geometry) => ({ ...defaultSettings(geometry), enabled: 'madvise' }),
  mthp: (geometry) => ({
    ...defaultSettings(geometry),
    sizes: new Map([
      [MTHP_ORDER, 'always'],
      [asOrder(geometry.pmdOrder), 'madvise'],
    ]),
    maxPtesNone: 0,
  }),
} as const satisfies Record<string, (geometry: Geometry) => ThpSettings>;

export type WatchedPolicyName = keyof typeof WATCHED_POLICIES;
