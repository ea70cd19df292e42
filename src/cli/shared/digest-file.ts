import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import {
  DIGEST_SCHEMA,
  type DigestJson,
  digestJson,
  digestOfJson,
  FIRST_DIGEST_SCHEMA,
} from '../../analysis/digest-json.ts';
import type { SourceDigest } from '../../analysis/memory-digest.ts';
import { fail, type Result } from '../../core/base/failure.ts';
import { isRowKey } from '../../core/digest/table.ts';
import { pagesPerRange } from '../../core/memory/geometry.ts';
import { eachFact, OBSERVABLE_FACTS } from '../../core/memory/range-state.ts';
import { hostSchema } from '../../snapshot/host-schema.ts';
import { firstIssue } from './first-issue.ts';
import { writeOutput } from './write-output.ts';

const count = z.int().nonnegative();
const list = z.string().nullish();

const rangeText = z.strictObject({
  ...eachFact(() => list),
  present: z.string().optional(),
  swap: z.string().optional(),
  folioOrders: z.record(z.string(), z.string()).nullish(),
  pmdMapped: z.boolean().nullish(),
  uffdArmed: z.boolean().optional(),
});

const classJson = z.strictObject({
  rows: z.array(z.array(count).min(2)),
  folios: z.array(z.array(count).length(5)),
  any: z.array(z.array(count)).length(4),
  apart: z.array(z.strictObject({ count, range: rangeText })),
});

const restartJson = z.strictObject({
  blocks: z.array(z.array(count).min(2)),
  folioPages: z.array(count),
  sharedPages: count,
});

const digestFile = z.strictObject({
  schema: z.literal([DIGEST_SCHEMA, FIRST_DIGEST_SCHEMA]),
  host: hostSchema,
  processes: z.array(
    z.strictObject({
      pid: count,
      startTime: z.number(),
      command: z.string(),
      cgroup: z.string(),
      thpDisabled: z.boolean().nullable(),
      ranges: count,
      residentPages: count,
      hugePages: count,
      refused: z.record(z.string(), z.object({ ranges: count, pages: count })),
      assumed: z.array(z.enum(OBSERVABLE_FACTS)),
      unadvised: classJson.optional(),
      hugepage: classJson.optional(),
      restart: z
        .strictObject({
          unadvised: restartJson.optional(),
          hugepage: restartJson.optional(),
          small: restartJson.optional(),
        })
        .nullish(),
    }),
  ),
  skipped: z.array(z.object({ pid: count, reason: z.string() })),
  notes: z.array(z.string()),
});

/** Reads a digest that `thpscope digest` wrote. Fails with what is wrong about it. */
export async function readDigestFile(path: string): Promise<Result<SourceDigest>> {
  let json: unknown;
  try {
    json = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    return fail('unreadable', `${path}: cannot be read as a digest: ${(error as Error).message}`);
  }
  const parsed = digestFile.safeParse(json);
  if (!parsed.success)
    return fail(
      'unreadable',
      `${path}: is no digest of this version (${firstIssue(parsed.error)}); digest the memory again`,
    );
  const wrong = firstWrongValue(parsed.data);
  if (wrong) return fail('unreadable', `${path}: ${wrong}; digest the memory again`);
  const digest = digestOfJson(parsed.data);
  if (!digest.ok) return fail('unreadable', `${path}: ${digest.failure.message}; digest the memory again`);
  return digest;
}

/** What numbers say that no digest of this geometry can say. */
function firstWrongValue({ host, processes }: DigestJson): string | undefined {
  const { geometry } = host;
  const orders = geometry.pmdOrder + 1;
  if (host.settings && host.settings.maxPtesNone >= pagesPerRange(geometry))
    return 'its max_ptes_none is too large';
  for (const { pid, unadvised, hugepage, restart } of processes) {
    for (const each of Object.values(restart ?? {})) {
      const where = `its restart table of process ${pid}`;
      const { blocks, folioPages } = each;
      if (folioPages.length > orders) return `${where} has folios of no order`;
      if (blocks.some(([block, , ...any]) => block >= orders || any.length > Math.max(0, block - 1)))
        return `${where} has a block of no order`;
      if (new Set(blocks.map(([block]) => block)).size < blocks.length) return `${where} has a block twice`;
    }
    for (const each of [unadvised, hugepage]) {
      if (!each) continue;
      const where = `its table of process ${pid}`;
      if (each.rows.some(([pages]) => !isRowKey(pages, geometry))) return `${where} has a row of no range`;
      if (each.rows.some((row) => row.length > orders)) return `${where} has a row that is too long`;
      const known = new Set(each.rows.map(([pages]) => pages));
      if (known.size < each.rows.length) return `${where} has a row twice`;
      if (each.folios.some(([pages, j, k]) => !known.has(pages) || j >= orders || k > j))
        return `${where} has folios of no window`;
      if (each.any.some((byOrder) => byOrder.length > orders)) return `${where} has windows of no order`;
    }
  }
  return undefined;
}

/** Writes a digest; only a whole one gets the name. Says how many bytes it has. */
export async function writeDigestFile(path: string, digest: SourceDigest): Promise<Result<number>> {
  return writeOutput(path, `${JSON.stringify(digestJson(digest))}\n`, 'owner');
}
