import type { ProcessAssumption } from '../../analysis/ranges/assumptions.ts';
import { ProcessWatch } from '../../analysis/ranges/process-watch.ts';
import { leftOutOf } from '../../analysis/reading/left-out.ts';
import type { ReadOn } from '../../analysis/reading/read-on.ts';
import { readOnKernel } from '../../analysis/reading/read-on.ts';
import { formatDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { ObservableFact } from '../../core/memory/range-state.ts';
import { KERNEL_MODELS } from '../../core/rules/kernel-model.ts';
import type { MemoryOrigin, Process } from '../../core/rules/memory-source.ts';
import {
  notSettable,
  parseAssignment,
  settingsFiles,
  withFileWritten,
} from '../../core/rules/settings-file.ts';
import type { ThpSettings } from '../../core/rules/thp-settings.ts';
import type { Calibration } from '../../khugepaged/costs.ts';
import { leftOutWords } from '../../render/words/left-out.ts';
import { loadMemory } from '../../simulation/load-memory.ts';
import { loadScenario } from '../../simulation/load-scenario.ts';
import type { Until } from '../../simulation/scenario.ts';
import { estimatedSeconds } from '../../simulation/scenario-bounds.ts';
import type { SimulatedHost } from '../../simulation/simulated-host.ts';
import { type Context, warn } from '../shared/context.ts';
import { kernelAsked } from '../shared/flags/asked-kernel.ts';
import { type CommandInputs, commandInputs } from '../shared/input/command-inputs.ts';
import type { InputFile } from '../shared/input/input-file.ts';
import { type MemoryRead, readMemory } from '../shared/memory/read-memory.ts';
import { memoryFromFlags, sourceInputs } from '../shared/memory/source.ts';
import { startProgress } from '../shared/output/progress.ts';
import type { SimulateFlags } from './command.ts';
import { isScenario, isScenarioName, readScenario } from './scenario-file.ts';

/** A machine that is set up, and what its source says about the run. */
export interface Start {
  readonly host: SimulatedHost;
  /** Settings of the source; undefined if it comes from a kernel without any. */
  readonly settings: ThpSettings | undefined;
  /** None for a scenario. */
  readonly origins: readonly MemoryOrigin[];
  /** Undefined for a scenario. */
  readonly readOn: ReadOn | undefined;
  readonly until: Until;
  /** What the source could not see. */
  readonly assumed: readonly ObservableFact[];
  /** What is taken for granted about its processes as a whole, under settings. */
  readonly assumedUnder: (settings: ThpSettings) => ReadonlySet<ProcessAssumption>;
  /** What else there is to say of it. */
  readonly notes: readonly string[];
}

/** What takes less is not worth a word. */
const WORTH_SAYING_SECONDS = 10;

/** What is simulated: a scenario, or one kind of other source. */
export async function simulateInputs(
  context: Context,
  flags: SimulateFlags,
  words: readonly string[],
): Promise<Result<CommandInputs<SimulateFlags>>> {
  if (!words.some(isScenarioName)) return sourceInputs(context, flags, words);
  const hasOthers = words.length > 1 || flags.pid || flags.cgroup !== undefined || flags.all;
  if (hasOthers) return fail('usage', 'a scenario is simulated alone: give no other source');
  return commandInputs(context, flags, words);
}

/** Sets up the scenario, the snapshots or the processes that were named. */
export async function startFrom(
  context: Context,
  flags: SimulateFlags,
  files: readonly InputFile[],
  calibration: Calibration,
  seed: number,
): Promise<Result<Start>> {
  const [first] = files;
  if (files.length === 1 && isScenario(first)) {
    if (flags.registered !== undefined)
      return fail(
        'usage',
        '--registered goes with processes and snapshots; in a scenario processes register',
      );
    return startScenario(context, flags, first, calibration, seed);
  }
  return startMemory(context, flags, files, calibration);
}

async function startScenario(
  context: Context,
  flags: SimulateFlags,
  file: InputFile,
  calibration: Calibration,
  seed: number,
): Promise<Result<Start>> {
  const read = await readScenario(file);
  if (!read.ok) return read;
  const { name } = file;
  const { scenario, notes } = read.value;
  const model = KERNEL_MODELS[flags.kernel ?? scenario.kernel];
  const seconds = estimatedSeconds(scenario);
  if (seconds > WORTH_SAYING_SECONDS)
    warn(context, `${name}: takes about ${formatDuration(seconds * 1e9)}, for it touches that many pages`);
  const host = loadScenario(scenario, model, calibration, seed);
  if (!host.ok) return fail(host.failure.kind, `${name}: ${host.failure.message}`);
  const { settings } = host.value.system.machine;
  return succeed({
    host: host.value,
    settings,
    origins: [],
    readOn: undefined,
    until: scenario.until,
    assumed: [],
    assumedUnder: () => new Set(),
    notes,
  });
}

async function startMemory(
  context: Context,
  flags: SimulateFlags,
  files: readonly InputFile[],
  calibration: Calibration,
): Promise<Result<Start>> {
  const opened = await memoryFromFlags(context, flags, files);
  if (!opened.ok) return opened;
  const source = opened.value.source.host;
  const { settings, kernelRelease: release } = source;
  const asked = kernelAsked(flags.kernel, release);
  if (!asked.ok) return asked;
  const watch = new ProcessWatch(source, asked.value, source.geometry);
  const options = {
    model: asked.value,
    calibration,
    registered: flags.registered ?? 'auto',
    isExceptAdvised: (process: Process) => watch.isExceptAdvised(process),
  };
  const read = await readMemory(opened.value, (items) => loadMemory(watch.watch(items), source, options), {
    progress: startProgress(context),
  });
  if (!read.ok) return read;
  const { value: loaded, skipped, notes, origins } = read.value;
  return succeed({
    host: loaded.host,
    settings,
    origins,
    readOn: readOnKernel(release, files.length === 0),
    until: 'settled',
    assumed: loaded.unknown,
    assumedUnder: (asked) => watch.assumptions(asked),
    notes: [...notes, ...skipNotes(skipped)],
  });
}

function skipNotes(skipped: MemoryRead['skipped']): string[] {
  const unread = skipped.filter((each) => each.leftOutBytes === undefined);
  const leftOut = leftOutOf(skipped);
  return [
    ...(unread.length > 0
      ? [`${unread.length} processes could not be read, the first because: ${unread[0].failure.message}`]
      : []),
    ...(leftOut.length > 0 ? [leftOutWords(leftOut)] : []),
  ];
}

/** Writes FILE=VALUE pairs to the sysfs of a machine; says which the kernel would not accept. */
export function writeSettings(host: SimulatedHost, pairs: readonly string[]): Result<void> {
  const { machine } = host.system;
  const files = settingsFiles(machine.geometry);
  for (const pair of pairs) {
    const refused = (message: string) => fail('usage', `--set ${pair}: ${message}`);
    const parsed = parseAssignment(pair);
    if (!parsed.ok) return refused(parsed.failure.message);
    const { path, value } = parsed.value;
    if (!host.sysfs.writablePaths.includes(path))
      return refused(notSettable(path, host.sysfs.writablePaths).failure.message);
    const checked = files.has(path) ? withFileWritten(machine.settings, pair, files) : parsed;
    if (!checked.ok) return refused(checked.failure.message);
    const errno = host.sysfs.write(path, value);
    if (errno) return refused(`the kernel refuses it (${errno})`);
  }
  return succeed(undefined);
}
