import { computed, effect, signal } from '@preact/signals';
import { proxy, wrap } from 'comlink';
import { memory, openSource } from '../memory/open-memory.ts';
import { choice } from '../policy/judgement.ts';
import { link, setParams } from '../state/link.ts';
import { momentIndex, momentParam, OPEN_MEMORY, type RunParams, runParamsOf } from './run-params.ts';
import { SCENARIOS } from './scenarios.ts';
import TimelineWorkerScript from './timeline.worker.ts?worker&inline';
import type { RunEnd, RunSeries, RunSource, TimelineWorker } from './timeline-worker-protocol.ts';

/** The run that the page shows. */
export interface SimulationRun {
  readonly params: RunParams;
  readonly state: 'running' | 'ended' | 'failed';
  /** As far as it has come; of a run that has ended, all of it. */
  readonly series: RunSeries | undefined;
  readonly end: RunEnd | undefined;
  /** Why it failed. */
  readonly failure: string | undefined;
}

const script = new TimelineWorkerScript();
export const timelineWorker = wrap<TimelineWorker>(script);

script.addEventListener('error', ({ message }) => {
  const failed = run.peek();
  if (failed)
    run.value = { ...failed, state: 'failed', failure: `the worker that simulates failed: ${message}` };
});

export const run = signal<SimulationRun | undefined>(undefined);

/** A text is the same as before while only the moment of a link changes. */
const askedText = computed(() => JSON.stringify(runParamsOf(link.value.params)));
/** What the link asks for. */
export const asked = computed<RunParams>(() => JSON.parse(askedText.value));

/** What the run begins with; undefined while nothing is chosen, or while memory is being read. */
const source = computed<RunSource | undefined>(() => {
  const { scenario } = asked.value;
  if (scenario === OPEN_MEMORY) {
    const opened = openSource.value;
    if (!memory.value?.complete || opened === undefined) return undefined;
    return { kind: 'memory', source: opened, name: memory.value.name, choice: choice.value };
  }
  const found = SCENARIOS.find(({ name }) => name === scenario);
  return found && { kind: 'scenario', json: found.json };
});

/** Index of the moment that the link says, among those of the run that has ended. */
export const momentAt = computed(() => momentIndex(run.value?.end?.moments ?? [], link.value.params.moment));

/** Shows another moment; an index beyond the ends is the end. */
export function goToMoment(index: number): void {
  const moments = run.value?.end?.moments ?? [];
  const at = moments[Math.max(0, Math.min(moments.length - 1, index))];
  if (at !== undefined) setParams({ moment: momentParam(at) });
}

/** Begins what the link asks for, once more if need be. */
export async function start(): Promise<void> {
  const from = source.peek();
  const params = asked.peek();
  if (!from) {
    run.value = undefined;
    return;
  }
  const mine: SimulationRun = {
    params,
    state: 'running',
    series: undefined,
    end: undefined,
    failure: undefined,
  };
  let last = (run.value = mine);
  const show = (changes: Partial<SimulationRun>) => {
    if (run.peek() === last) run.value = last = { ...last, ...changes };
  };
  try {
    const result = await timelineWorker.run(
      from,
      params,
      proxy((series: RunSeries) => show({ series })),
    );
    if (!result) return;
    if (result.ok) show({ state: 'ended', series: result.value, end: result.value });
    else show({ state: 'failed', failure: result.failure.message });
  } catch (error) {
    show({ state: 'failed', failure: `the simulation failed: ${(error as Error).message}` });
  }
}

export function stop(): void {
  void timelineWorker.stop();
}

let begun = '';

/**
 * Begins a run whenever the link asks for another one, as long as the timeline is looked at; returns how to
 * end that.
 */
export function followRunLinks(): () => void {
  return effect(() => {
    if (link.value.view !== 'timeline') return;
    const from = source.value;
    // A source is the same as long as its name is: files do not change under the page.
    const key =
      from === undefined
        ? ''
        : JSON.stringify([
            asked.value,
            from.kind === 'memory' && [from.name, from.choice, memory.value?.rows],
          ]);
    if (key === begun) return;
    begun = key;
    void start();
  });
}
