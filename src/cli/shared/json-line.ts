import type { z } from 'zod';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import { firstIssue } from './first-issue.ts';

/** Reads one line of newline-delimited JSON. Fails when it is not JSON or not what the schema says. */
export function parseJsonLine<T>(line: string, schema: z.ZodType<T>): Result<T> {
  let json: unknown;
  try {
    json = JSON.parse(line);
  } catch {
    return fail('unreadable', `not JSON (${line.length} characters); was the line cut off?`);
  }
  const parsed = schema.safeParse(json);
  return parsed.success ? succeed(parsed.data) : fail('unreadable', firstIssue(parsed.error));
}
