import type { RunPolicy } from '../../../analysis/ranges/verdict.ts';
import { fail, type Result, succeed } from '../../../core/base/failure.ts';
import type { Geometry } from '../../../core/memory/geometry.ts';
import { parseOrders } from '../../../core/memory/order.ts';
import { type OutcomeRule, parseOutcome } from '../../../core/rules/outcome.ts';
import { checkLimits } from '../../../core/rules/policy.ts';
import { type FiledSettings, settingsFiles } from '../../../core/rules/settings-file.ts';
import { TOP_LEVEL_WORDS } from '../../../core/rules/settings-words.ts';
import { defaultShmemSettings, type ShmemSettings } from '../../../core/rules/shmem-settings.ts';
import { defaultSettings, type ThpSettings, withOrdersAlways } from '../../../core/rules/thp-settings.ts';
import { ALGORITHMS } from '../../../core/search/algorithms.ts';
import type { WithPolicyFile } from '../input/command-inputs.ts';
import { sameSettings } from '../memory/source.ts';
import { kernelAsked } from './asked-kernel.ts';
import { withAssignments } from './assignments.ts';
import type { PolicyFlags, SettingsFlags } from './policy-flags.ts';

/** The policy of one run of a command, with where its settings come from. */
export interface CommandPolicy extends RunPolicy {
  /** The settings are those that the source's machine had, unchanged. */
  readonly inForce: boolean;
  /** As the source's machine says, or as the flags do; undefined where neither does. */
  readonly shrinkUnderused: boolean | undefined;
}

/** What is known of the machine that memory was read on. */
interface ReadOnMachine {
  readonly kernelRelease: string | undefined;
  readonly settings: ThpSettings | undefined;
  readonly shrinkUnderused?: boolean;
  readonly shmem?: ShmemSettings;
}

/**
 * The settings, model and algorithm that the flags ask for. `host` is the machine that the memory was read
 * on, undefined for made-up ranges.
 */
export async function policyFromFlags(
  flags: WithPolicyFile<PolicyFlags>,
  geometry: Geometry,
  host: ReadOnMachine | undefined,
): Promise<Result<CommandPolicy>> {
  const asked = kernelAsked(flags.kernel, host?.kernelRelease);
  if (!asked.ok) return asked;
  const model = asked.value;
  const algorithm = ALGORITHMS[flags.algorithm ?? model.algorithm];

  const filed = await settingsFromFlags(flags, geometry, host);
  if (!filed.ok) return filed;
  const { shrinkUnderused, shmem, ...settings } = filed.value;

  const outcomes: OutcomeRule[] = [];
  for (const text of flags.outcome ?? []) {
    const outcome = parseOutcome(text, geometry);
    if (!outcome.ok) return outcome;
    outcomes.push(outcome.value);
  }
  const current = isOfHost(flags) ? host?.settings : undefined;
  const inForce = current !== undefined && sameSettings(settings, current);
  return succeed({ settings, shmem, model, algorithm, outcomes, inForce, shrinkUnderused });
}

/**
 * The settings that the flags ask for: what --policy names, by default those of `host`, with what the other
 * flags say; files that --set writes come last. `isTaken` says by its path whether a file may be written
 * here.
 */
export async function settingsFromFlags(
  flags: WithPolicyFile<SettingsFlags>,
  geometry: Geometry,
  host: Pick<ReadOnMachine, 'settings' | 'shrinkUnderused' | 'shmem'> | undefined,
  isTaken: (path: string) => boolean = () => true,
): Promise<Result<FiledSettings>> {
  const current = host?.settings;
  const base = await baseSettings(flags, geometry, current);
  if (!base.ok) return base;
  const orders = flags.orders === undefined ? undefined : parseOrders(flags.orders, geometry);
  if (orders && !orders.ok) return orders;
  const sized = orders ? withOrdersAlways(base.value, orders.value) : base.value;
  const limited = {
    ...sized,
    enabled: flags.enabled ?? sized.enabled,
    shrinkUnderused: host?.shrinkUnderused,
    shmem: isOfHost(flags) ? host?.shmem : defaultShmemSettings(geometry),
    maxPtesNone: flags.maxPtesNone ?? sized.maxPtesNone,
    maxPtesSwap: flags.maxPtesSwap ?? sized.maxPtesSwap,
    maxPtesShared: flags.maxPtesShared ?? sized.maxPtesShared,
  };
  const checked = checkLimits(limited, geometry);
  if (!checked.ok) return checked;
  const files = new Map([...settingsFiles(geometry)].filter(([path]) => isTaken(path)));
  return withAssignments(limited, flags.set ?? [], files);
}

/** Whether settings begin with those of the machine. */
function isOfHost({ policy }: SettingsFlags): boolean {
  return policy === undefined || policy === 'current';
}

async function baseSettings(
  { policy, policyFile }: WithPolicyFile<SettingsFlags>,
  geometry: Geometry,
  current: ThpSettings | undefined,
): Promise<Result<ThpSettings>> {
  const name = policy ?? (current ? 'current' : 'default');
  if (name === 'default') return succeed(defaultSettings(geometry));
  if (name !== 'current') {
    if (TOP_LEVEL_WORDS.some((word) => word === name))
      return fail(
        'usage',
        `--policy ${name}: that is a word of --enabled; --policy takes current, default or a FILE`,
      );
    const { readPolicyFile } = await import('./policy-file.ts');
    return readPolicyFile(policyFile ?? { path: name, name }, geometry);
  }
  if (current) return succeed(current);
  return fail(
    'usage',
    '--policy current: the input comes from no machine with THP settings; use default or a file',
  );
}
