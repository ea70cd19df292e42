import * as z from 'zod/mini';
import { MAX_PAGE_SHIFT, MAX_PMD_ORDER, MIN_PAGE_SHIFT, MIN_PMD_ORDER } from '../core/memory/geometry.ts';
import { SIZE_WORDS, TOP_LEVEL_WORDS } from '../core/rules/settings-words.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../core/rules/shmem-settings.ts';

const count = z.int().check(z.nonnegative());

/** THP settings as recordings hold them. */
const settingsSchema = z.object({
  enabled: z.enum(TOP_LEVEL_WORDS),
  sizes: z.array(z.object({ order: count.check(z.lte(MAX_PMD_ORDER)), enabled: z.enum(SIZE_WORDS) })),
  maxPtesNone: count,
  maxPtesSwap: count,
  maxPtesShared: count,
});

/** Settings of shared memory as snapshots hold them. */
export const shmemSchema = z.object({
  enabled: z.enum(SHMEM_WORDS),
  sizes: z.array(z.object({ order: count.check(z.lte(MAX_PMD_ORDER)), enabled: z.enum(SHMEM_SIZE_WORDS) })),
});

/** The machine as recordings hold it: snapshots and digests. */
export const hostSchema = z.object({
  kernelRelease: z.string(),
  time: z.iso.datetime({ offset: true }),
  geometry: z.object({
    pageShift: z.int().check(z.gte(MIN_PAGE_SHIFT), z.lte(MAX_PAGE_SHIFT)),
    pmdOrder: z.int().check(z.gte(MIN_PMD_ORDER), z.lte(MAX_PMD_ORDER)),
  }),
  settings: z.nullable(settingsSchema),
  // What recordings of older versions do not have.
  khugepaged: z.optional(
    z.object({ pagesToScan: count, scanSleepMs: count, allocSleepMs: count, defrag: z.boolean() }),
  ),
  shrinkUnderused: z.optional(z.boolean()),
  zoneReclaim: z.optional(z.boolean()),
  cpu: z.optional(
    z.object({
      architecture: z.string(),
      vendor: z.optional(z.string()),
      family: z.optional(count),
      modelName: z.optional(z.string()),
    }),
  ),
  counters: z.optional(z.record(z.string().check(z.maxLength(128)), count)),
});
