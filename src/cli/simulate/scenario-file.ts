import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { fail, type Result, succeed } from '../../core/base/failure.ts';
import type { Scenario } from '../../simulation/scenario.ts';
import { packagePath } from '../assets.ts';
import { firstIssue } from '../shared/input/first-issue.ts';
import { type InputFile, readJsonFile } from '../shared/input/input-file.ts';
import { isDigestFile as beginsAsJson } from '../shared/input/is-digest-file.ts';

const BUILT_IN = packagePath('examples/scenarios');

/** A scenario that comes with thpscope. */
export interface BuiltInScenario {
  readonly name: string;
  readonly title: string;
  readonly about: string;
}

/** A scenario as it was read. */
export interface ScenarioFile {
  readonly scenario: Scenario;
  /** What its author should write otherwise. */
  readonly notes: readonly string[];
}

/** All built-in scenarios, by name. */
export function listScenarios(): BuiltInScenario[] {
  return builtInNames().map((name) => {
    const { title, about } = JSON.parse(readFileSync(pathOf(name), 'utf8'));
    return { name, title, about };
  });
}

/** Whether this names a scenario and not a snapshot: a built-in one, or a JSON file. */
export function isScenarioName(word: string): boolean {
  return word.endsWith('.json') || builtInNames().includes(word);
}

/** Whether a file is a scenario: by its name, or as standard input by how it begins. */
export function isScenario(file: InputFile): boolean {
  return isScenarioName(file.name) || (file.path !== file.name && beginsAsJson(file));
}

/** Reads a built-in scenario by its name, or a file; says what is wrong with it and where. */
export async function readScenario({ path: given, name }: InputFile): Promise<Result<ScenarioFile>> {
  const path = builtInNames().includes(name) ? pathOf(name) : given;
  if (!existsSync(path))
    return fail('unreadable', `${name}: no such file; thpscope simulate --list names the built-in scenarios`);
  const json = await readJsonFile({ path, name });
  if (!json.ok) return json;
  const { scenarioSchema, scenarioOf } = await import('../../simulation/scenario-schema.ts');
  const { toCurrentScenario } = await import('../../simulation/scenario-version.ts');
  const current = toCurrentScenario(json.value);
  const parsed = scenarioSchema.safeParse(current.json);
  if (!parsed.success) {
    return fail('unreadable', `${name}: ${firstIssue(parsed.error)}; see schemas/scenario.schema.json`);
  }
  const notes = current.note === undefined ? [] : [`${name}: ${current.note}`];
  return succeed({ scenario: scenarioOf(parsed.data), notes });
}

function builtInNames(): string[] {
  return readdirSync(BUILT_IN)
    .filter((file) => file.endsWith('.json'))
    .map((file) => basename(file, '.json'))
    .sort();
}

function pathOf(name: string): string {
  return `${BUILT_IN}/${name}.json`;
}
