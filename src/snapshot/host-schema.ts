import { z } from 'zod';
import { MAX_PAGE_SHIFT, MAX_PMD_ORDER, MIN_PAGE_SHIFT, MIN_PMD_ORDER } from '../core/memory/geometry.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../core/rules/shmem-settings.ts';

const count = z.int().nonnegative();

/** THP settings as recordings hold them. */
const settingsSchema = z.object({
  enabled: z.enum(TOP_LEVEL_WORDS),
  sizes: z.array(z.object({ order: count.max(MAX_PMD_ORDER), enabled: z.enum(SIZE_WORDS) })),
  maxPtesNone: count,
  maxPtesSwap: count,
  maxPtesShared: count,
});

/** Settings of shared memory as snapshots hold them. */
export const shmemSchema = z.object({
  enabled: z.enum(SHMEM_WORDS),
  sizes: z.array(z.object({ order: count.max(MAX_PMD_ORDER), enabled: z.enum(SHMEM_SIZE_WORDS) })),
});

/** The machine as recordings hold it: snapshots and digests. */
export const hostSchema = z.object({
  kernelRelease: z.string(),
  time: z.iso.datetime({ offset: true }),
  geometry: z.object({
    pageShift: z.int().min(MIN_PAGE_SHIFT).max(MAX_PAGE_SHIFT),
    pmdOrder: z.int().min(MIN_PMD_ORDER).max(MAX_PMD_ORDER),
  }),
  settings: settingsSchema.nullable(),
  // What recordings of older versions do not have.
  khugepaged: z
    .object({ pagesToScan: count, scanSleepMs: count, allocSleepMs: count, defrag: z.boolean() })
    .optional(),
  shrinkUnderused: z.boolean().optional(),
  zoneReclaim: z.boolean().optional(),
  cpu: z
    .object({
      architecture: z.string(),
      vendor: z.string().optional(),
      family: count.optional(),
      modelName: z.string().optional(),
    })
    .optional(),
  counters: z.record(z.string().max(128), count).optional(),
});
