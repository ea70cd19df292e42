import type { AttemptRecord } from '../rules/candidate.ts';
import type { CollapsePlan } from './plan.ts';

/** The windows that a plan collapses, in order. */
export function collapsesOf(plan: CollapsePlan): AttemptRecord[] {
  return plan.attempts.filter((attempt) => attempt.result === 'SCAN_SUCCEED');
}
