import { performAdvice, performExit, performFork, performOnPages } from './perform.ts';
import { randomOf, type Run, runsOf } from './page-choice.ts';
import type { PageAction, ScenarioEvent, TimedAction } from './scenario.ts';
import type { Actor, Stage } from './stage.ts';

/** Schedules what is to happen. `seed` decides which pages are chosen where a choice is left to chance. */
export function scheduleEvents(stage: Stage, events: readonly ScenarioEvent[], seed: number): void {
  let number = 0;
  for (const event of events) {
    const play = new Play(stage, seed, number++);
    for (let i = 0; i < event.times; i++) {
      stage.schedule(event.at + i * event.every, () => play.act(event, i));
    }
  }
}

/** One event of a scenario while it happens, as often as it does. */
class Play {
  readonly #stage: Stage;
  readonly #seed: number;
  /** Its place among the events. */
  readonly #number: number;

  constructor(stage: Stage, seed: number, number: number) {
    this.#stage = stage;
    this.#seed = seed;
    this.#number = number;
  }

  act({ process, action }: Pick<ScenarioEvent, 'process' | 'action'>, occurrence: number): void {
    if (action.do === 'set') {
      this.#stage.sysfs.write(action.setting.file, action.setting.value);
      return;
    }
    for (const actor of this.#stage.living(process as string)) this.#do(actor, action, [occurrence]);
  }

  /** `path` says which time it happens, and for a child which of its actions it is. */
  #do(actor: Actor, action: TimedAction['action'], path: readonly number[]): void {
    const stage = this.#stage;
    switch (action.do) {
      case 'set':
        break;
      case 'advise':
        performAdvice(stage, actor, action);
        break;
      case 'exit':
        performExit(stage, actor);
        break;
      case 'fork':
        performFork(stage, actor, action.child, (child) => this.#startChild(child, action.does, path));
        break;
      default:
        this.#onPages(actor, action, path);
    }
  }

  #startChild(child: Actor, does: readonly TimedAction[], path: readonly number[]): void {
    for (const [i, { at, action }] of does.entries()) {
      this.#stage.schedule(this.#stage.kernel.timeline.now + at, () => {
        if (!this.#stage.kernel.isExiting(child.mm)) this.#do(child, action, [...path, i]);
      });
    }
  }

  /** Goes through the mapping PMD range by PMD range, at once or spread over time. */
  #onPages(actor: Actor, { do: kind, pages, over }: PageAction, path: readonly number[]): void {
    const stage = this.#stage;
    const { machine, timeline } = stage.kernel;
    const mapping = actor.mappings.get(pages.mapping) as Run;
    const random = randomOf(this.#seed, pages.seed, [this.#number, actor.mm.id, ...path]);
    const begin = timeline.now;
    const first = Math.min(mapping.start + pages.from, mapping.end);
    const end = Math.min(first + pages.bytes, mapping.end);
    const steps = Math.ceil((end - first) / machine.rangeBytes);
    const step = (i: number) => {
      const from = pages.from + i * machine.rangeBytes;
      const bytes = Math.min(machine.rangeBytes, pages.bytes - i * machine.rangeBytes);
      const runs = [...runsOf({ ...pages, from, bytes }, mapping, machine.pageBytes, random)];
      performOnPages(stage, actor, kind, pages.mapping, runs);
    };
    if (over === 0) {
      for (let i = 0; i < steps; i++) step(i);
      return;
    }
    const goOn = (i: number) => {
      if (i === steps || stage.kernel.isExiting(actor.mm)) return;
      step(i);
      stage.schedule(begin + (over * (i + 1)) / steps, () => goOn(i + 1));
    };
    goOn(0);
  }
}
