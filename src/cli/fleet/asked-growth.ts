import { type Result, succeed } from '../../core/base/failure.ts';
import { hostInCommon } from '../../fleet/fleet-memory.ts';
import type { GrowthQuestion } from '../../fleet/growth-weights.ts';
import type { FleetSurvey } from '../../fleet/survey.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import { settingsFromFlags } from '../shared/flags/command-policy.ts';
import type { SettingsFlags, SweptKernelFlag } from '../shared/flags/policy-flags.ts';

/** Settings and kernel that growth of a fleet is asked about: what is in force where the flags do not say. */
export async function askedGrowth(
  flags: SettingsFlags & SweptKernelFlag,
  { kinds, geometry, where }: FleetSurvey,
): Promise<Result<Omit<GrowthQuestion, 'when'>>> {
  const { kernelRelease, settings: inForce } = hostInCommon(kinds);
  const kernel = kernelAsked(flags.kernel, kernelRelease);
  if (!kernel.ok) return kernel;
  const settings = await settingsFromFlags(flags, geometry, { settings: inForce });
  if (!settings.ok) return settings;
  return succeed({ settings: settings.value, model: kernel.value, geometry, where });
}
