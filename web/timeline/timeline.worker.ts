import { expose } from 'comlink';
import { ProcessWatch } from '../../src/analysis/ranges/process-watch.ts';
import { parseDuration } from '../../src/core/base/duration.ts';
import { fail, failWith, type Result, succeed } from '../../src/core/base/failure.ts';
import { parseOrders } from '../../src/core/memory/order.ts';
import { KERNEL_MODELS } from '../../src/core/rules/kernel-model.ts';
import type { KernelModelName } from '../../src/core/rules/kernel-names.ts';
import { checkLimits } from '../../src/core/rules/policy.ts';
import { type ThpSettings, withOrdersAlways } from '../../src/core/rules/thp-settings.ts';
import { DEFAULT_CALIBRATION } from '../../src/khugepaged/costs.ts';
import { field } from '../../src/render/text/layout/lines.ts';
import { headLines } from '../../src/render/text/simulate/simulate.ts';
import { steadyLines } from '../../src/render/text/simulate/simulate-steady.ts';
import { summaryLines } from '../../src/render/text/simulate/simulate-summary.ts';
import { assumedSentences } from '../../src/render/words/explain/surroundings.ts';
import { loadMemory } from '../../src/simulation/load-memory.ts';
import { loadScenario } from '../../src/simulation/load-scenario.ts';
import { Frames } from '../../src/simulation/map-frames.ts';
import type { Until } from '../../src/simulation/scenario.ts';
import { scenarioOf, scenarioSchema } from '../../src/simulation/scenario-schema.ts';
import type { SimulatedHost } from '../../src/simulation/simulated-host.ts';
import { Simulation } from '../../src/simulation/simulation.ts';
import { SnapshotError } from '../../src/snapshot/damage.ts';
import { openSnapshot } from '../../src/snapshot/reader.ts';
import { fileOf } from '../memory/file.ts';
import { settingsOf } from '../policy/choice.ts';
import { factsOf, MARKED, withoutMarks } from './facts.ts';
import { eventMarkers, type Marker, troubleMarkers } from './markers.ts';
import { cellsOf, mapOf, momentOf } from './run-map.ts';
import type { RunParams } from './run-params.ts';
import type { RunEnd, RunSeries, RunSource, TimelineWorker } from './timeline-worker-protocol.ts';

/** Messages are looked for so often, in ms. */
const SLICE_MS = 40;
/** Between two reports of progress. */
const REPORT_MS = 200;

/** A machine that is set up, and what its source says about the run. */
interface Start {
  readonly host: SimulatedHost;
  readonly until: Until;
  readonly events: readonly Marker[];
  readonly notes: readonly string[];
}

let turn = 0;
let isStopped = false;
/** The run that ended last. */
let ended: { readonly frames: Frames; readonly rows: ReturnType<Frames['rows']> } | undefined;

const worker: TimelineWorker = {
  async run(source, params, onProgress): Promise<Result<RunEnd> | undefined> {
    const mine = ++turn;
    isStopped = false;
    // The machine before may take most of what memory there is.
    ended = undefined;
    const start = await startFrom(source, params);
    if (mine !== turn) return undefined;
    if (!start.ok) return start;
    const { host, events, notes } = start.value;
    const until = untilOf(params.until, start.value.until);
    if (!until.ok) return until;

    const frames = new Frames(host);
    const simulation = new Simulation(host, {
      seed: params.seed,
      until: until.value,
      calibration: DEFAULT_CALIBRATION.name,
      onSample: (at) => frames.take(at),
      onEvent: (event) => frames.hear(event),
    });
    const seriesNow = () => seriesOf(host, simulation, until.value, events);
    let sliceEnd = performance.now() + SLICE_MS;
    let reported = performance.now();
    while (!isStopped && simulation.step()) {
      if (performance.now() < sliceEnd) continue;
      if (performance.now() - reported > REPORT_MS) {
        onProgress(seriesNow());
        reported = performance.now();
      }
      await messages();
      if (mine !== turn) return undefined;
      sliceEnd = performance.now() + SLICE_MS;
    }
    frames.finish(simulation.now);
    const rows = frames.rows();
    ended = { frames, rows };
    const report = simulation.report();
    return succeed({
      ...seriesNow(),
      ending: isStopped ? 'stopped' : report.ending,
      title: report.title,
      head: headLines(report, undefined, MARKED).slice(1).map(withoutMarks),
      facts: factsOf([
        ...summaryLines(report, MARKED),
        ...steadyLines(report, MARKED),
        ...report.log.map((line) => field('kernel log', line)),
      ]),
      notes,
      incidents: report.incidents,
      moments: frames.frames.map(({ at }) => at),
      map: mapOf(rows, host.processes),
    });
  },

  async stop(): Promise<void> {
    isStopped = true;
  },

  async moment(index) {
    return ended && momentOf(ended.frames, ended.rows, index);
  },

  async cells(index, row) {
    return ended && cellsOf(ended.frames, ended.rows, index, row);
  },
};

expose(worker);

/** Lets messages come in. */
function messages(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

function seriesOf(
  host: SimulatedHost,
  simulation: Simulation,
  until: Until,
  events: readonly Marker[],
): RunSeries {
  const { machine, log } = host.system;
  const samples = simulation.samples();
  return {
    geometry: machine.geometry,
    memoryPages: machine.frames.count,
    swapSlots: machine.swap.slots,
    ranNs: simulation.now,
    untilNs: until === 'settled' ? undefined : until,
    fullScans: simulation.fullScans,
    samples,
    markers: [...events, ...troubleMarkers(host.incidents, log.lines)],
  };
}

async function startFrom(source: RunSource, params: RunParams): Promise<Result<Start>> {
  const start = source.kind === 'scenario' ? startScenario(source.json, params) : await startMemory(source);
  if (!start.ok) return start;
  const { host } = start.value;
  const settings = overriddenSettings(host, params);
  if (!settings.ok) return settings;
  host.applySettings(settings.value);
  return start;
}

function startScenario(json: unknown, { kernel, seed }: RunParams): Result<Start> {
  const scenario = scenarioOf(scenarioSchema.parse(json));
  const host = loadScenario(
    scenario,
    KERNEL_MODELS[modelName(kernel) ?? scenario.kernel],
    DEFAULT_CALIBRATION,
    seed,
  );
  if (!host.ok) return host;
  return succeed({
    host: host.value,
    until: scenario.until,
    events: eventMarkers(scenario.events),
    notes: [],
  });
}

async function startMemory({ source, name, choice }: RunSource & { kind: 'memory' }): Promise<Result<Start>> {
  const file = await fileOf(source);
  if (!file.ok) return file;
  const snapshot = await openSnapshot(file.value, name);
  if (!snapshot.ok) return snapshot;
  try {
    const { host: source } = snapshot.value;
    const model = KERNEL_MODELS[choice.model];
    const watch = new ProcessWatch(source, model, source.geometry);
    const loaded = await loadMemory(watch.watch(snapshot.value.items()), source, {
      model,
      isExceptAdvised: (process) => watch.isExceptAdvised(process),
      calibration: DEFAULT_CALIBRATION,
      // As if started under the settings that were chosen.
      registered: 'all',
    });
    if (!loaded.ok) return loaded;
    const { host, unknown, skipped, notes } = loaded.value;
    if (host.processes.length === 0)
      return skipped[0] ? failWith(skipped[0]) : fail('unreadable', `${name} holds no process`);
    host.applySettings(settingsOf(choice));
    const sentences = assumedSentences(watch.assumptions(settingsOf(choice)), new Set(unknown));
    return succeed({
      host,
      until: 'settled',
      events: [],
      notes: [
        ...notes,
        ...(sentences.length > 0 ? [`assumed, because it cannot be seen: ${sentences.join('; ')}`] : []),
      ],
    });
  } catch (error) {
    if (!(error instanceof SnapshotError)) throw error;
    return failWith(error.failure);
  }
}

/** The settings of the source with those of the link in their place, as `thpscope simulate` has its flags. */
function overriddenSettings(host: SimulatedHost, { orders, maxPtesNone }: RunParams): Result<ThpSettings> {
  const { settings, geometry } = host.system.machine;
  let asked: ThpSettings = settings;
  if (orders !== '') {
    const parsed = parseOrders(orders, geometry);
    if (!parsed.ok) return parsed;
    asked = withOrdersAlways(asked, parsed.value);
  }
  if (maxPtesNone !== '') asked = { ...asked, maxPtesNone: Number(maxPtesNone) };
  const limits = checkLimits(asked, geometry);
  return limits.ok ? succeed(asked) : limits;
}

function modelName(text: string): KernelModelName | undefined {
  return Object.hasOwn(KERNEL_MODELS, text) ? (text as KernelModelName) : undefined;
}

function untilOf(text: string, otherwise: Until): Result<Until> {
  if (text === '') return succeed(otherwise);
  if (text === 'settled') return succeed('settled');
  const ns = parseDuration(text);
  return ns === undefined || ns <= 0
    ? fail('usage', `until ${text}: write settled, or a time such as 90s, 2h or 1d`)
    : succeed(ns);
}
