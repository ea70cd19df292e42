import { setImmediate } from 'node:timers/promises';
import { formatDuration, parseDuration } from '../../core/base/duration.ts';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { CollapseAlgorithm } from '../../core/search/algorithm.ts';
import { originCells } from '../../render/csv/origin.ts';
import { simulateCsv } from '../../render/csv/simulate.ts';
import { simulateJson } from '../../render/json/simulate.ts';
import { scenarioListText } from '../../render/text/simulate/scenario-list.ts';
import { simulateText } from '../../render/text/simulate/simulate.ts';
import { assumedSentences } from '../../render/words/explain/surroundings.ts';
import type { Until } from '../../simulation/scenario.ts';
import { LONGEST_NS } from '../../simulation/scenario-bounds.ts';
import { Simulation } from '../../simulation/simulation.ts';
import type { SimulationReport } from '../../simulation/simulation-report.ts';
import { traceLine } from '../../simulation/trace-line.ts';
import { type Context, print, printText, reportFailure, styleFor, warn } from '../shared/context.ts';
import { policyFromFlags } from '../shared/flags/command-policy.ts';
import type { WithPolicyFile } from '../shared/input/command-inputs.ts';
import { interruptible } from '../shared/interrupt.ts';
import { originField, printOrigin } from '../shared/memory/origin.ts';
import { startProgress } from '../shared/output/progress.ts';
import { withAskedSearch } from '../shared/search/asked-search.ts';
import { readVersion } from '../shared/version.ts';
import { readCalibration } from './calibration-file.ts';
import type { SimulateFlags } from './command.ts';
import { listScenarios } from './scenario-file.ts';
import { type Start, simulateInputs, startFrom, writeSettings } from './start.ts';

const DEFAULT_SEED = 1;
const FLUSH_CHARACTERS = 1 << 16;
const PAUSE_EVERY_MS = 100;

/** `thpscope simulate`: khugepaged over time, on a scenario or on memory as it is or was. */
export async function simulate(this: Context, flags: SimulateFlags, ...names: string[]): Promise<void> {
  const work = () => withAskedSearch(this, flags, (algorithm) => simulateWhat(this, flags, names, algorithm));
  // Of a search in C nothing may stay, whatever ends the command.
  if (flags.algorithm !== undefined) return interruptible(this, work);
  const done = await work();
  if (!done.ok) reportFailure(this, done.failure);
}

async function simulateWhat(
  context: Context,
  asked: SimulateFlags,
  words: string[],
  algorithm: CollapseAlgorithm | undefined,
): Promise<Result<void>> {
  if (asked.calibrate) return (await import('./calibrate.ts')).calibrate(context);
  const hasSource = words.length > 0 || asked.pid || asked.cgroup !== undefined || asked.all;
  if (asked.list || !hasSource) return list(context, asked);
  const outputs = [asked.json && '--json', asked.csv && '--csv', asked.trace && '--trace'].filter(Boolean);
  if (outputs.length > 1) return fail('usage', `${outputs.join(' and ')} cannot be combined: give one`);
  const until = untilFromFlag(asked.until);
  if (!until.ok) return until;
  const inputs = await simulateInputs(context, asked, words);
  if (!inputs.ok) return inputs;
  const { flags, files } = inputs.value;
  const calibration = await readCalibration(context, flags.calibration);
  if (!calibration.ok) return calibration;

  const { seed = DEFAULT_SEED } = flags;
  const start = await startFrom(context, flags, files, calibration.value, seed);
  if (!start.ok) return start;
  const settled = await applyPolicy(context, flags, start.value);
  if (!settled.ok) return settled;
  if (algorithm) start.value.host.system.algorithm = algorithm;
  const report = await run(context, flags, start.value, {
    seed,
    until: until.value ?? start.value.until,
    calibration: calibration.value.name,
  });
  const { assumed: facts, assumedUnder, origins } = start.value;
  const assumedOfProcesses = assumedUnder(report.settings);
  if (flags.json) {
    const json = simulateJson(report, [...assumedOfProcesses, ...facts]);
    await print(context, `${JSON.stringify({ ...json, ...originField(origins) })}\n`);
  } else if (flags.csv)
    await print(context, simulateCsv(report, originCells(origins, report.title, readVersion())));
  else if (!flags.trace) {
    await printOrigin(context, origins);
    await printText(context, simulateText(report, start.value.readOn, styleFor(context, flags.color)));
    const sentences = assumedSentences(assumedOfProcesses, new Set(facts));
    if (sentences.length > 0)
      await printText(
        context,
        `assumed, because it cannot be seen:\n${sentences.map((each) => `  ${each}\n`).join('')}`,
      );
  }
  for (const note of start.value.notes) warn(context, note);
  return succeed(undefined);
}

async function list(context: Context, flags: SimulateFlags): Promise<Result<void>> {
  const scenarios = listScenarios();
  if (flags.json) await print(context, `${JSON.stringify({ schema: 'thpscope/scenarios@1', scenarios })}\n`);
  else await printText(context, scenarioListText(scenarios, styleFor(context, flags.color)));
  return succeed(undefined);
}

function untilFromFlag(text: string | undefined): Result<Until | undefined> {
  if (text === undefined || text === 'settled') return succeed(text);
  const ns = parseDuration(text);
  if (ns === undefined || ns <= 0)
    return fail('usage', `--until ${text}: write settled, or a time such as 90s, 2h or 1d`);
  if (ns > LONGEST_NS)
    return fail(
      'usage',
      `--until: is beyond the longest time that is simulated, ${formatDuration(LONGEST_NS)}`,
    );
  return succeed(ns);
}

/** The flags' settings over those of the source. */
async function applyPolicy(
  context: Context,
  flags: WithPolicyFile<SimulateFlags>,
  { host, settings, readOn }: Start,
): Promise<Result<void>> {
  const { machine } = host.system;
  if (!settings && flags.policy === undefined) {
    warn(
      context,
      "the memory comes from a kernel without THP settings; simulated with the kernel's defaults",
    );
  }
  // Of the files, all that there are may be written, which is more than a policy goes by.
  const runPolicy = await policyFromFlags({ ...flags, algorithm: undefined, set: [] }, machine.geometry, {
    settings,
    kernelRelease: readOn?.release,
  });
  if (!runPolicy.ok) return runPolicy;
  host.applySettings(runPolicy.value.settings);
  return writeSettings(host, flags.set ?? []);
}

async function run(
  context: Context,
  flags: SimulateFlags,
  { host }: Start,
  options: { seed: number; until: Until; calibration: string },
): Promise<SimulationReport> {
  const progress = startProgress(context);
  let lines = '';
  let paused = performance.now();
  const onTrace = flags.trace ? (at: number, text: string) => void (lines += traceLine(at, text)) : undefined;
  const simulation = new Simulation(host, { ...options, onTrace });
  const total = options.until === 'settled' ? undefined : Math.round(options.until / 1e9);
  while (simulation.step()) {
    const seconds = Math.round(simulation.now / 1e9);
    progress.show(
      seconds,
      total,
      `s: ${formatDuration(simulation.now)} of virtual time, ${simulation.fullScans} full scans`,
    );
    // The search is heard, and signals are, only in between.
    if (flags.algorithm !== undefined && performance.now() - paused > PAUSE_EVERY_MS) {
      await setImmediate();
      paused = performance.now();
    }
    if (lines.length > FLUSH_CHARACTERS) {
      await print(context, lines);
      lines = '';
    }
  }
  progress.clear();
  await print(context, lines);
  return simulation.report();
}
