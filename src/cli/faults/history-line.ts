import { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { firstIssue } from '../shared/first-issue.ts';

const historyLine = z.strictObject({
  id: z.union([z.string(), z.number()]).optional(),
  vma: z.string(),
  history: z.string(),
  orders: z.string().optional(),
  zeroPage: z.boolean().optional(),
});

/** A line of `faults --histories`; what it leaves out is as the flags say. */
export type HistoryLine = z.output<typeof historyLine>;

/**
 * Reads one line of newline-delimited JSON. Fails when it is not JSON or has other fields than a history
 * line.
 */
export function parseHistoryJson(line: string): Result<HistoryLine> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return fail('unreadable', `not JSON (${line.length} characters); was the line cut off?`);
  }
  const parsed = historyLine.safeParse(json);
  return parsed.success ? succeed(parsed.data) : fail('unreadable', firstIssue(parsed.error));
}
