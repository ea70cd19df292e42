import { type Failure, fail, type Result, succeed } from '../../core/base/failure.ts';
import type { ObservableFact } from '../../core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../core/rules/kernel-model.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { Calibration } from '../../khugepaged/costs.ts';
import type { Until } from '../../simulation/scenario.ts';
import type { SimulatedHost } from '../../simulation/simulated-host.ts';
import { loadMemory } from '../../simulation/load-memory.ts';
import { loadScenario } from '../../simulation/load-scenario.ts';
import { SnapshotError } from '../../snapshot/damage.ts';
import type { Context } from '../shared/context.ts';
import type { SimulateFlags } from '../shared/flags.ts';
import { startProgress } from '../shared/progress.ts';
import { isScenario, readScenario } from './scenario-file.ts';
import { checkOneSource, openProcesses, openSnapshots } from '../shared/source.ts';

/** A machine that is set up, and what its source says about the run. */
export interface Start {
  readonly host: SimulatedHost;
  /** Settings of the source; undefined if it comes from a kernel without any. */
  readonly settings: ThpSettings | undefined;
  readonly until: Until;
  /** What the source could not see. */
  readonly assumed: readonly ObservableFact[];
  /** What else there is to say of it. */
  readonly notes: readonly string[];
}

/** Sets up the scenario, the snapshots or the processes that were named. */
export async function startFrom(
  context: Context,
  flags: SimulateFlags,
  names: readonly string[],
  calibration: Calibration,
  seed: number,
): Promise<Result<Start>> {
  if (names.some(isScenario)) {
    const hasOthers = names.length > 1 || flags.pid || flags.cgroup !== undefined || flags.all;
    if (hasOthers) return fail('usage', 'a scenario is simulated alone: give no other source');
    return startScenario(flags, names[0], calibration, seed);
  }
  return startMemory(context, flags, names, calibration);
}

async function startScenario(
  flags: SimulateFlags,
  name: string,
  calibration: Calibration,
  seed: number,
): Promise<Result<Start>> {
  const read = await readScenario(name);
  if (!read.ok) return read;
  const { scenario, notes } = read.value;
  const model = KERNEL_MODELS[flags.kernel ?? scenario.kernel];
  const host = loadScenario(scenario, model, calibration, seed);
  if (!host.ok) return fail(host.failure.kind, `${name}: ${host.failure.message}`);
  const { settings } = host.value.system.machine;
  return succeed({ host: host.value, settings, until: scenario.until, assumed: [], notes });
}

async function startMemory(
  context: Context,
  flags: SimulateFlags,
  files: readonly string[],
  calibration: Calibration,
): Promise<Result<Start>> {
  const one = checkOneSource(flags, files);
  if (!one.ok) return one;
  const opened = files.length > 0 ? await openSnapshots(files, flags.policy) : await openProcesses(flags);
  if (!opened.ok) return opened;
  const { source, single, processes } = opened.value;
  const { geometry, settings } = source.host;
  const progress = startProgress(context);
  let read = 0;
  try {
    const loaded = await loadMemory(
      source.items(),
      geometry,
      KERNEL_MODELS[flags.kernel ?? 'linux-7.2'],
      calibration,
      ({ command }) => progress.show(++read, processes, `processes: now ${command}`),
    );
    if (!loaded.ok) return loaded;
    const { host, unknown, skipped, notes } = loaded.value;
    if (skipped.length > 0 && (single || host.processes.length === 0))
      return { ok: false, failure: skipped[0] };
    return succeed({
      host,
      settings,
      until: 'settled',
      assumed: unknown,
      notes: [...notes, ...skipNotes(skipped)],
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return { ok: false, failure: error.failure };
  } finally {
    progress.clear();
  }
}

function skipNotes(skipped: readonly Failure[]): string[] {
  if (skipped.length === 0) return [];
  return [`${skipped.length} processes could not be read, the first because: ${skipped[0].message}`];
}

/** Writes FILE=VALUE pairs to the sysfs of a machine; says which the kernel would not accept. */
export function writeSettings(host: SimulatedHost, pairs: readonly string[]): Result<void> {
  for (const pair of pairs) {
    const [, file, value] = /^([^=]+)=(.*)$/.exec(pair) ?? [];
    if (file === undefined)
      return fail('usage', `--set ${pair}: write FILE=VALUE, such as khugepaged/pages_to_scan=65536`);
    const errno = host.sysfs.write(file, value);
    if (errno === 'ENOENT')
      return fail('usage', `--set ${pair}: no such file below /sys/kernel/mm/transparent_hugepage`);
    if (errno) return fail('usage', `--set ${pair}: the kernel refuses it (${errno})`);
  }
  return succeed(undefined);
}
