import { z } from 'zod';
import type { Result } from '../../../core/base/failure.ts';
import { eachFact } from '../../../core/memory/range-state.ts';
import { type AskedLine, parseJsonLine } from './json-line.ts';
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

/** Reads one line of `--ranges`. */
export function parseRangeLine(line: string): Result<AskedLine<RangeLine>> {
  return parseJsonLine(line, rangeLine);
}
