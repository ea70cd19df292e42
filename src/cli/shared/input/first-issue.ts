import type { z } from 'zod';

/** What is wrong with some JSON, in a few words: the first complaint and the field that it is about. */
export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  const field = issue.path.join('.');
  return `${field ? `field '${field}': ` : ''}${issue.message}`;
}
