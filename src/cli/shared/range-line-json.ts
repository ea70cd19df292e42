import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { eachFact } from '../../core/memory/range-state.ts';
import { firstIssue } from './first-issue.ts';
import type { RangeLine } from './range-line.ts';

/** null: this fact about the range is unknown. */
const pages = z.string().nullable().optional();

const folio = z.strictObject({
  offset: z.int(),
  order: z.int(),
  missing: z.string().optional(),
});

const rangeLine: z.ZodType<RangeLine> = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  ...eachFact(() => pages),
  present: z.string(),
  swap: z.string().optional(),
  folios: z.array(folio).nullable().optional(),
  pmdMapped: z.boolean().nullable().optional(),
  uffdArmed: z.boolean().optional(),
  vma: z.string().optional(),
  orders: z.string().optional(),
  maxPtesNone: z.int().optional(),
  maxPtesSwap: z.int().optional(),
  maxPtesShared: z.int().optional(),
});

/**
 * Reads one line of newline-delimited JSON. Fails when it is not JSON or has other fields than a range line.
 */
export function parseRangeLine(line: string): Result<RangeLine> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return fail('unreadable', `not JSON (${line.length} characters); was the line cut off?`);
  }
  const parsed = rangeLine.safeParse(json);
  if (parsed.success) return succeed(parsed.data);
  return fail('unreadable', firstIssue(parsed.error));
}
