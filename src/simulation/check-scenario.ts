import { clip } from '../core/base/clip.ts';
import { type Failure, fail, failWith, type Result, succeed } from '../core/base/failure.ts';
import { pageBytes, rangeBytes } from '../core/memory/geometry.ts';
import { KERNEL_MODELS } from '../core/rules/kernel-model.ts';
import { DEFAULT_CALIBRATION } from '../khugepaged/costs.ts';
import { Machine } from '../machine/machine.ts';
import {
  type Action,
  ANON_VERBS,
  FILE_VERBS,
  type MappingSpec,
  type PageAction,
  type Scenario,
  type Setting,
} from './scenario.ts';
import { exceededBound } from './scenario-bounds.ts';
import { SimulatedHost, systemOf } from './simulated-host.ts';

/** What a scenario says that cannot be, beyond what its form allows: the first such thing, with its place. */
export function checkScenario(scenario: Scenario): Result<void> {
  return new Check(scenario).run();
}

function costProblem(name: string): Failure | undefined {
  const known = DEFAULT_CALIBRATION.costs;
  if (Object.hasOwn(known, name)) return undefined;
  return problem('costs', `no cost '${clip(name)}'; there are ${Object.keys(known).join(', ')}`);
}

class Check {
  readonly #scenario: Scenario;
  readonly #sysfs: (setting: Setting) => string | undefined;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#sysfs = settingsOf(scenario);
  }

  run(): Result<void> {
    const { settings, processes, events, costs } = this.#scenario;
    const bound = exceededBound(this.#scenario);
    if (bound) return failWith(problem(bound.place, bound.what));
    const names = processes.map(({ name }) => name);
    const failure =
      firstOf(settings, (setting) => this.#setting(setting, `settings: ${setting.file}`)) ??
      firstOf(Object.keys(costs), costProblem) ??
      firstOf(names, (name, i) =>
        names.indexOf(name) < i
          ? problem(`processes.${i}.name`, `there are two processes '${name}'`)
          : undefined,
      ) ??
      this.#files() ??
      firstOf(processes, ({ mappings }, i) =>
        firstOf(mappings, ({ name }, j) =>
          mappings.findIndex((other) => other.name === name) < j
            ? problem(`processes.${i}.mappings.${j}.name`, `there are two mappings '${name}'`)
            : undefined,
        ),
      ) ??
      firstOf(events, ({ process, action }, i) => this.#event(process, action, `events.${i}`));
    return failure ? failWith(failure) : succeed(undefined);
  }

  /** What mappings say of files that cannot be. */
  #files(): Failure | undefined {
    const { files, processes, machine } = this.#scenario;
    const names = files.map(({ name }) => name);
    return (
      firstOf(names, (name, i) =>
        names.indexOf(name) < i ? problem(`files.${i}.name`, `there are two files '${name}'`) : undefined,
      ) ??
      firstOf(processes, ({ mappings }, i) =>
        firstOf(mappings, ({ file, bytes }, j) => {
          if (!file) return undefined;
          const place = `processes.${i}.mappings.${j}`;
          const found = files.find(({ name }) => name === file.name);
          if (!found)
            return problem(
              `${place}.file`,
              `no file '${file.name}'; there are ${names.join(', ') || 'none'}`,
            );
          if (file.from % pageBytes(machine.geometry) !== 0)
            return problem(`${place}.fileFrom`, 'is not a multiple of a page');
          if (file.from + bytes <= found.bytes) return undefined;
          return problem(`${place}.size`, `ends behind the end of file '${file.name}'`);
        }),
      )
    );
  }

  #event(process: string | undefined, action: Action, place: string): Failure | undefined {
    if (action.do === 'set') return this.#setting(action.setting, place);
    const mappings = this.#mappingsOf(process as string);
    if (!mappings) {
      return problem(
        `${place}.process`,
        `no process '${process}'; there are ${this.#names().join(', ') || 'none'}`,
      );
    }
    return this.#action(action, mappings, place);
  }

  #action(action: Action, mappings: ReadonlyMap<string, MappingSpec>, place: string): Failure | undefined {
    if (action.do === 'exit' || action.do === 'set') return undefined;
    if (action.do === 'fork') {
      return firstOf(action.does, (each, i) => this.#action(each.action, mappings, `${place}.does.${i}`));
    }
    const name = action.do === 'advise' ? action.mapping : action.pages.mapping;
    const mapping = mappings.get(name);
    if (mapping === undefined) {
      return problem(
        `${place}.mapping`,
        `no mapping '${name}'; there are ${[...mappings.keys()].join(', ') || 'none'}`,
      );
    }
    if (action.do === 'advise') return undefined;
    const wrong = wrongVerb(action.do, mapping);
    if (wrong) return problem(`${place}.do`, wrong);
    if (action.pages.from < mapping.bytes) return undefined;
    return problem(`${place}.from`, `begins behind the end of mapping '${name}'`);
  }

  #setting(setting: Setting, place: string): Failure | undefined {
    const wrong = this.#sysfs(setting);
    return wrong === undefined ? undefined : problem(place, wrong);
  }

  /** The mappings that processes of a name have, with their sizes; children have those of their parents. */
  #mappingsOf(name: string, seen: readonly string[] = []): ReadonlyMap<string, MappingSpec> | undefined {
    const { processes, events } = this.#scenario;
    const found = processes.find((process) => process.name === name);
    if (found) return new Map(found.mappings.map((mapping) => [mapping.name, mapping]));
    const parent = events.find(({ action }) => action.do === 'fork' && action.child === name)?.process;
    // Children that only ever come from each other never come to be.
    const isLoop = parent === undefined || seen.includes(parent);
    return isLoop ? undefined : this.#mappingsOf(parent, [...seen, parent]);
  }

  #names(): string[] {
    const { processes, events } = this.#scenario;
    const children = events.flatMap(({ action }) => (action.do === 'fork' ? [action.child] : []));
    const all = [...new Set([...processes.map(({ name }) => name), ...children])];
    return all.filter((name) => this.#mappingsOf(name));
  }
}

/** Why a mapping of its kind has no such action. */
function wrongVerb(verb: PageAction['do'], { name, file }: MappingSpec): string | undefined {
  const verbs: readonly string[] = file ? ANON_VERBS : FILE_VERBS;
  if (!verbs.includes(verb)) return undefined;
  return file
    ? `${verb} of a mapping of a file is not modelled, and '${name}' is one`
    : `${verb} is for mappings of files, and '${name}' is anonymous memory`;
}

/** Tries writes on a machine of its own: what the kernel of this version has against them. */
function settingsOf({
  machine: { geometry },
  kernel: name,
}: Scenario): (setting: Setting) => string | undefined {
  const machine = new Machine({ geometry, nodes: [rangeBytes(geometry) / 2 ** geometry.pageShift] });
  const kernel = systemOf(machine, KERNEL_MODELS[name], DEFAULT_CALIBRATION);
  if (!kernel.ok) throw new Error(kernel.failure.message);
  const { sysfs } = new SimulatedHost('check', kernel.value);
  return ({ file, value }) => {
    switch (sysfs.write(file, value)) {
      case undefined:
        return undefined;
      case 'ENOENT':
        return `no file '${file}' below /sys/kernel/mm/transparent_hugepage`;
      case 'EACCES':
        return `${file} cannot be written`;
      default:
        return `the kernel does not accept '${value}' for ${file}`;
    }
  };
}

function problem(place: string, what: string): Failure {
  return fail('unreadable', `field '${place}': ${what}`).failure;
}

function firstOf<T>(
  values: readonly T[],
  check: (value: T, i: number) => Failure | undefined,
): Failure | undefined {
  for (const [i, value] of values.entries()) {
    const failure = check(value, i);
    if (failure) return failure;
  }
  return undefined;
}
