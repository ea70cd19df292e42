import { z } from 'zod';
import { CACHE_UNKNOWNS } from '../../../analysis/cache/cache-digest-json.ts';
import {
  DIGEST_SCHEMA,
  DIGEST_SCHEMA_3,
  DIGEST_SCHEMA_4,
  DIGEST_SCHEMA_5,
  DIGEST_SCHEMA_6,
  OLD_DIGEST_SCHEMAS,
} from '../../../analysis/digest/digest-json.ts';
import { MAX_PMD_ORDER } from '../../../core/memory/geometry.ts';
import { eachFact, OBSERVABLE_FACTS } from '../../../core/memory/range-state.ts';
import { CACHE_INELIGIBLE_REASONS, type CacheIneligible } from '../../../core/rules/cache-orders.ts';
import { LONGEST_TEXT } from '../../../core/rules/longest-text.ts';
import { CACHE_KINDS } from '../../../core/rules/page-cache.ts';
import { ALL_SCAN_RESULTS } from '../../../core/rules/scan-result.ts';
import { SHMEM_SIZE_WORDS, SHMEM_WORDS } from '../../../core/rules/shmem-settings.ts';
import { REACH_CERTAINTIES } from '../../../core/rules/tlb-reach.ts';
import { hostSchema } from '../../../snapshot/host-schema.ts';

const count = z.int().nonnegative();
const text = z.string().max(LONGEST_TEXT);
const list = z.string().nullish();
const CACHE_IGNORED = Object.keys(CACHE_INELIGIBLE_REASONS) as CacheIneligible[];

const rangeText = z.strictObject({
  ...eachFact(() => list),
  present: z.string().optional(),
  swap: z.string().optional(),
  folioOrders: z.record(z.string(), z.string()).nullish(),
  pmdMapped: z.boolean().nullish(),
  uffdArmed: z.boolean().optional(),
});

const oldClass = z.strictObject({
  rows: z.array(z.array(count).min(2)),
  folios: z.array(z.array(count).length(5)),
  any: z.array(z.array(count)).length(4),
  apart: z.array(z.strictObject({ count, range: rangeText })),
});

const classOfVersion3 = oldClass.extend({
  folios: z.array(z.array(count).length(6)),
  any: z.array(z.array(count)).length(5),
});

const classOfVersion4 = classOfVersion3.extend({
  blocked: z
    .strictObject({ rows: z.array(z.array(count).min(4)), any: z.array(z.array(count).min(4)) })
    .optional(),
});

const classJson = classOfVersion4.extend({
  folios: z
    .strictObject({ rows: z.array(z.array(z.int()).min(1)), odd: z.array(z.array(z.int()).length(5)) })
    .optional(),
});

const restartJson = z.strictObject({
  blocks: z.array(z.array(count).min(2)),
  folioPages: z.array(count),
  sharedPages: count,
});

const byRestartClass = <T extends z.ZodType>(of: T) =>
  z.strictObject({ unadvised: of.optional(), hugepage: of.optional(), small: of.optional() });

/** A difference of two restarts: blocks may be below zero. */
const repeatedJson = z.strictObject({
  pages: count,
  restart: byRestartClass(
    z.strictObject({
      blocks: z.array(z.array(z.int()).min(2)),
      folioPages: z.array(count),
      sharedPages: count,
    }),
  ).optional(),
});

/** A process of version 1 or 2. */
const oldProcess = z.strictObject({
  pid: count,
  startTime: z.number(),
  command: text,
  cgroup: text,
  thpDisabled: z.boolean().nullable(),
  ranges: count,
  residentPages: count,
  hugePages: count,
  refused: z.record(z.string(), z.object({ ranges: count, pages: count })),
  assumed: z.array(z.enum(OBSERVABLE_FACTS)),
  unadvised: oldClass.optional(),
  hugepage: oldClass.optional(),
  restart: byRestartClass(restartJson).nullish(),
});

const processOfVersion3 = oldProcess.extend({
  pinnedBytes: count.optional(),
  ksmBytes: count.optional(),
  memoryGroups: z.array(z.strictObject({ path: z.string(), limitBytes: count, usedBytes: count })).optional(),
  isRegistered: z.boolean().optional(),
  otherPages: count.optional(),
  uncheckedPages: count.optional(),
  pmdMappedPages: count,
  savedEntries: count,
  unadvised: classOfVersion3.optional(),
  hugepage: classOfVersion3.optional(),
});

const processOfVersion4 = processOfVersion3.extend({
  unadvised: classOfVersion4.optional(),
  hugepage: classOfVersion4.optional(),
});

const processOfVersion5 = processOfVersion3.extend({
  unadvised: classJson.optional(),
  hugepage: classJson.optional(),
});

const process = processOfVersion5.extend({ repeated: repeatedJson.optional() });

const tlb = z.strictObject({
  pages: count.min(1),
  cpu: z.string(),
  certainty: z.enum(REACH_CERTAINTIES),
  source: z.string(),
});

const pageCache = z.strictObject({
  files: z.partialRecord(z.enum(CACHE_KINDS), count),
  groups: z.array(
    z.strictObject({
      kind: z.enum(CACHE_KINDS),
      ignored: z.partialRecord(z.enum(CACHE_IGNORED), z.array(text)),
      ranges: count,
      cachedPages: count,
      hugePages: count,
      unknown: z.partialRecord(z.enum(CACHE_UNKNOWNS), count),
      rows: z.partialRecord(z.enum(ALL_SCAN_RESULTS), z.array(z.array(count).min(3).max(6))),
    }),
  ),
  unread: z.array(z.strictObject({ why: text, files: count, rssBytes: count })),
});

const shmem = z.strictObject({
  enabled: z.enum(SHMEM_WORDS),
  sizes: z.array(z.strictObject({ order: count.max(MAX_PMD_ORDER), enabled: z.enum(SHMEM_SIZE_WORDS) })),
});

const skipped = z.array(z.object({ pid: count, reason: text, leftOutBytes: count.optional() }));
const notes = z.array(text);

const hostOfVersion3 = z.object({
  ...hostSchema.shape,
  name: text.optional(),
  bootId: z.string().optional(),
});

const file = z.strictObject({
  schema: z.literal(DIGEST_SCHEMA),
  host: hostOfVersion3.extend({ shmem: shmem.optional() }),
  processes: z.array(process),
  pageCache: pageCache.nullable(),
  tlb,
  skipped,
  notes,
  /** Checked before anything is read. */
  crc32: z.string(),
});

const fileOfVersion6 = file.extend({
  schema: z.literal(DIGEST_SCHEMA_6),
  processes: z.array(processOfVersion5),
});

const fileOfVersion5 = fileOfVersion6
  .omit({ pageCache: true })
  .extend({ schema: z.literal(DIGEST_SCHEMA_5), host: hostOfVersion3 });

/** The file of a digest, of every version that is read. */
export const digestFile = z.discriminatedUnion('schema', [
  file,
  fileOfVersion6,
  fileOfVersion5,
  fileOfVersion5.extend({ schema: z.literal(DIGEST_SCHEMA_4), processes: z.array(processOfVersion4) }),
  fileOfVersion5.extend({ schema: z.literal(DIGEST_SCHEMA_3), processes: z.array(processOfVersion3) }),
  z.strictObject({
    schema: z.literal(OLD_DIGEST_SCHEMAS),
    host: hostSchema,
    processes: z.array(oldProcess),
    skipped,
    notes,
  }),
]);
