import { applyExit, applyFork, applyMadvise, applyPageAction } from './apply-action.ts';
import { type PageRun, pageRunsOf, randomOf } from './page-choice.ts';
import type { PageAction, ScenarioEvent, TimedAction } from './scenario.ts';
import type { SimulatedHost, SimulatedProcess } from './simulated-host.ts';

/** Schedules what is to happen. `seed` decides which pages are chosen where a choice is left to chance. */
export function scheduleEvents(host: SimulatedHost, events: readonly ScenarioEvent[], seed: number): void {
  let number = 0;
  for (const event of events) {
    const play = new Play(host, seed, number++);
    for (let i = 0; i < event.times; i++) {
      host.schedule(event.at + i * event.every, () => play.act(event, i));
    }
  }
}

/** One event of a scenario while it happens, as often as it does. */
class Play {
  readonly #host: SimulatedHost;
  readonly #seed: number;
  /** Its place among the events. */
  readonly #number: number;

  constructor(host: SimulatedHost, seed: number, number: number) {
    this.#host = host;
    this.#seed = seed;
    this.#number = number;
  }

  act({ process, action }: Pick<ScenarioEvent, 'process' | 'action'>, occurrence: number): void {
    if (action.do === 'set') {
      this.#host.changeSetting(action.setting.file, action.setting.value);
      return;
    }
    for (const each of this.#host.living(process as string)) this.#do(each, action, [occurrence]);
  }

  /** `path` says which time it happens, and for a child which of its actions it is. */
  #do(process: SimulatedProcess, action: TimedAction['action'], path: readonly number[]): void {
    const host = this.#host;
    switch (action.do) {
      case 'set':
        break;
      case 'advise':
        applyMadvise(host, process, action);
        break;
      case 'exit':
        applyExit(host, process);
        break;
      case 'fork':
        applyFork(host, process, action.child, (child) => this.#startChild(child, action.does, path));
        break;
      default:
        this.#onPages(process, action, path);
    }
  }

  #startChild(child: SimulatedProcess, does: readonly TimedAction[], path: readonly number[]): void {
    for (const [i, { at, action }] of does.entries()) {
      this.#host.schedule(this.#host.system.timeline.now + at, () => {
        if (!this.#host.system.isExiting(child.mm)) this.#do(child, action, [...path, i]);
      });
    }
  }

  /** Goes through the mapping PMD range by PMD range, at once or spread over time. */
  #onPages(process: SimulatedProcess, { do: kind, pages, over }: PageAction, path: readonly number[]): void {
    const host = this.#host;
    const { machine, timeline } = host.system;
    const mapping = process.mappings.get(pages.mapping) as PageRun;
    const random = randomOf(this.#seed, pages.seed, [this.#number, process.mm.id, ...path]);
    const begin = timeline.now;
    const first = Math.min(mapping.start + pages.from, mapping.end);
    const end = Math.min(first + pages.bytes, mapping.end);
    const steps = Math.ceil((end - first) / machine.rangeBytes);
    const step = (i: number) => {
      const from = pages.from + i * machine.rangeBytes;
      const bytes = Math.min(machine.rangeBytes, pages.bytes - i * machine.rangeBytes);
      const runs = [...pageRunsOf({ ...pages, from, bytes }, mapping, machine.pageBytes, random)];
      applyPageAction(host, process, kind, pages.mapping, runs);
    };
    if (over === 0) {
      for (let i = 0; i < steps; i++) step(i);
      return;
    }
    const goOn = (i: number) => {
      if (i === steps || host.system.isExiting(process.mm)) return;
      step(i);
      host.schedule(begin + (over * (i + 1)) / steps, () => goOn(i + 1));
    };
    goOn(0);
  }
}
