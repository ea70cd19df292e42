import { z } from 'zod';
import type { Result } from '../../core/base/failure.ts';
import { type AskedLine, parseJsonLine } from '../shared/input/json-line.ts';

const historyLine = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  vma: z.string(),
  history: z.string(),
  orders: z.string().optional(),
  zeroPage: z.boolean().optional(),
});

/** A line of `faults --histories`; what it leaves out is as the flags say. */
export type HistoryLine = z.output<typeof historyLine>;

/** Reads one line of `faults --histories`. */
export function parseHistoryJson(line: string): Result<AskedLine<HistoryLine>> {
  return parseJsonLine(line, historyLine);
}
