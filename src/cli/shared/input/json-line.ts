import type { z } from 'zod';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import { numberText, parseJson } from '../../../core/base/json.ts';
import { firstIssue } from './first-issue.ts';

/** A line that asks something and how its answer names it. */
export interface AskedLine<T> {
  readonly asked: T;
  /** The id of the line as JSON, digit for digit as it was written; undefined where it has none. */
  readonly id: string | undefined;
}

/** Reads one line of newline-delimited JSON. Fails when it is not JSON or not what the schema says. */
export function parseJsonLine<T extends { readonly id?: string | number }>(
  line: string,
  schema: z.ZodType<T>,
): Result<AskedLine<T>> {
  const json = parseJson(line);
  if (!json.ok)
    return json.failure.message.startsWith('not JSON')
      ? fail('unreadable', `not JSON (${line.length} characters); was the line cut off?`)
      : json;
  const parsed = schema.safeParse(json.value);
  if (!parsed.success) return fail('unreadable', firstIssue(parsed.error));
  const { id } = parsed.data;
  return succeed({
    asked: parsed.data,
    id: typeof id === 'number' ? numberText(line, 'id') : JSON.stringify(id),
  });
}

/** A line of JSON that answers a line: its id before what the answer says. */
export function answerJsonLine(id: string | undefined, answer: object): string {
  const json = JSON.stringify(answer);
  return id === undefined ? `${json}\n` : `{"id":${id},${json.slice(1)}\n`;
}
