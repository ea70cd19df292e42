import type { RunPolicy } from '../../analysis/verdict.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Geometry } from '../../core/memory/geometry.ts';
import { parseOrders } from '../../core/memory/order.ts';
import { type OutcomeRule, parseOutcome } from '../../core/rules/outcome.ts';
import { type CollapseLimits, checkLimits } from '../../core/rules/policy.ts';
import { defaultSettings, type ThpSettings, withOrdersAlways } from '../../core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../core/search/algorithms.ts';
import { kernelAsked } from './asked-kernel.ts';
import type { PolicyFlags } from './policy-flags.ts';

/** The policy of one run of a command, with where its settings come from. */
export interface CommandPolicy extends RunPolicy {
  /** The settings are those that the source's machine had, unchanged. */
  readonly inForce: boolean;
}

/**
 * The settings, model and algorithm that the flags ask for. `host` is the machine that the memory was read
 * on, undefined for made-up ranges.
 */
export async function policyFromFlags(
  flags: PolicyFlags,
  geometry: Geometry,
  host:
    | { readonly kernelRelease: string | undefined; readonly settings: ThpSettings | undefined }
    | undefined,
): Promise<Result<CommandPolicy>> {
  const asked = kernelAsked(flags.kernel, host?.kernelRelease);
  if (!asked.ok) return asked;
  const model = asked.value;
  const current = host?.settings;
  const algorithm = ALGORITHMS[flags.algorithm ?? model.algorithm];

  const base = await baseSettings(flags.policy ?? (current ? 'current' : 'default'), geometry, current);
  if (!base.ok) return base;
  const orders = flags.orders === undefined ? undefined : parseOrders(flags.orders, geometry);
  if (orders && !orders.ok) return orders;
  const sized = orders ? withOrdersAlways(base.value, orders.value) : base.value;
  const settings: ThpSettings = {
    ...sized,
    maxPtesNone: flags.maxPtesNone ?? sized.maxPtesNone,
    maxPtesSwap: flags.maxPtesSwap ?? sized.maxPtesSwap,
    maxPtesShared: flags.maxPtesShared ?? sized.maxPtesShared,
  };
  const limits = checkLimits(settings, geometry);
  if (!limits.ok) return limits;

  const outcomes: OutcomeRule[] = [];
  for (const text of flags.outcome ?? []) {
    const outcome = parseOutcome(text, geometry);
    if (!outcome.ok) return outcome;
    outcomes.push(outcome.value);
  }
  const inForce =
    current !== undefined && base.value === current && !orders && hasLimitsOf(settings, current);
  return succeed({ settings, model, algorithm, outcomes, inForce });
}

function hasLimitsOf(a: CollapseLimits, b: CollapseLimits): boolean {
  return (
    a.maxPtesNone === b.maxPtesNone && a.maxPtesSwap === b.maxPtesSwap && a.maxPtesShared === b.maxPtesShared
  );
}

async function baseSettings(
  name: string,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<ThpSettings>> {
  if (name === 'default') return succeed(defaultSettings(geometry));
  if (name !== 'current') return (await import('./policy-file.ts')).readPolicyFile(name, geometry);
  if (current) return succeed(current);
  return fail(
    'usage',
    '--policy current: the input comes from no machine with THP settings; use default or a file',
  );
}
