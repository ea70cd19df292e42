import { type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { type NoneLimits, parseNoneLimit } from '../../../core/rules/policy.ts';
import type { NoneLimitFlag } from './policy-flags.ts';

/** The limits of single orders that the flags say, as a field of a policy or a case; empty without any. */
export function noneLimitsFromFlags(
  { maxPtesNoneOf = [] }: NoneLimitFlag,
  geometry: Geometry,
): Result<{ readonly noneLimits?: NoneLimits }> {
  let noneLimits: NoneLimits | undefined;
  for (const text of maxPtesNoneOf) {
    const limits = parseNoneLimit(text, geometry, noneLimits);
    if (!limits.ok) return limits;
    noneLimits = limits.value;
  }
  return succeed(noneLimits ? { noneLimits } : {});
}
