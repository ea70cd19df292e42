import { signal } from '@preact/signals';
import { type Remote, wrap } from 'comlink';
import { fail, type Result, succeed } from '../../../src/core/base/failure.ts';
import type { StepsState } from '../steps-state.ts';
import { moduleScript } from './module-script.ts';
import { isModuleName, type OwnSearch, ownSearches } from './own-search-names.ts';
import type { OwnSearchWorker } from './own-search-protocol.ts';
import { type SearchRun, unknownRun } from './run.ts';

/** The script of own-search.worker.ts: scripts/build-web.mjs puts it here. */
declare const OWN_SEARCH_SCRIPT: string;

/** Milliseconds that a module may take to be loaded, or for one search, which takes some at most. */
const PATIENCE = 5_000;

/** As large as no module is. */
const MOST_BYTES = 1 << 20;

/** How many runs are remembered: going back and forth asks for the same ones. */
const MOST_RUNS = 64;

/** Why the last one could not be opened. */
export const ownFailure = signal<string | undefined>(undefined);

/** Opens a module; one of the same name is replaced. Returns whether it can search. */
export async function openOwnSearch(file: File): Promise<boolean> {
  const opened = await readModule(file);
  ownFailure.value = opened.ok ? undefined : opened.failure.message;
  if (!opened.ok) return false;
  forget(file.name);
  ownSearches.value = new Map(ownSearches.value).set(file.name, opened.value);
  return true;
}

async function readModule(file: File): Promise<Result<OwnSearch>> {
  const { name } = file;
  if (!isModuleName(name))
    return fail(
      'usage',
      `${name}: a search is a module in JavaScript, .js (thpscope verify --new my-walk.js)`,
    );
  if (file.size > MOST_BYTES) return fail('unreadable', `${name}: larger than any module of a search`);
  const search = { name, script: moduleScript(await file.text(), OWN_SEARCH_SCRIPT) };
  const started = await startWorker(search);
  if (started.ok) started.value.worker.terminate();
  return started.ok ? succeed(search) : started;
}

interface Started {
  readonly worker: Worker;
  readonly remote: Remote<OwnSearchWorker>;
}

/** Starts a module in a worker of its own and loads its search. */
async function startWorker({ name, script }: OwnSearch): Promise<Result<Started>> {
  const url = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }));
  const worker = new Worker(url, { name });
  const remote = wrap<OwnSearchWorker>(worker);
  const failed = new Promise<Result<void>>((resolve) => {
    worker.addEventListener('error', (event) => {
      // It is said where the module was opened, not as a bug of thpscope.
      event.preventDefault();
      const what = event.message.replace(/^Uncaught /, '');
      resolve(fail('unreadable', `${name} cannot be loaded: ${what} in line ${event.lineno}`));
    });
  });
  const loaded = await inTime(Promise.race([remote.load(name), failed]));
  URL.revokeObjectURL(url);
  if (loaded?.ok) return succeed({ worker, remote });
  worker.terminate();
  return loaded ?? fail('unreadable', `${name} does not come back`);
}

/** An answer, or undefined if there is none in time. */
function inTime<T>(answer: Promise<T>): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(undefined), PATIENCE);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** What the modules did, by search and state. */
const runs = signal<ReadonlyMap<string, SearchRun>>(new Map());
const running = new Map<string, Promise<Result<Started>>>();

/** The run of an opened module in a state, which `text` says; until it is known, that it is not. */
export function ownRun(state: StepsState, name: string, text: string): SearchRun {
  const known = runs.value.get(keyOf(name, text));
  return known ?? unknownRun(state, { name, kind: 'own' }, `${name} has not answered yet`);
}

/** Asks an opened module for its run in a state. One that does not come back is ended, and asked no more. */
export async function askOwnRun(state: StepsState, name: string, text: string): Promise<void> {
  const search = ownSearches.peek().get(name);
  const key = keyOf(name, text);
  if (!search || runs.peek().has(key)) return;
  const run = await runOf(state, search);
  // Another one of that name may have been opened meanwhile.
  if (ownSearches.peek().get(name) !== search) return;
  runs.value = new Map([...runs.peek()].slice(1 - MOST_RUNS)).set(key, run);
}

async function runOf(state: StepsState, search: OwnSearch): Promise<SearchRun> {
  const { name } = search;
  const shown = { name, kind: 'own' } as const;
  const start = running.get(name) ?? startWorker(search);
  running.set(name, start);
  const started = await start;
  if (!started.ok) {
    running.delete(name);
    return unknownRun(state, shown, started.failure.message);
  }
  const { worker, remote } = started.value;
  try {
    const steps = await inTime(remote.search(state));
    if (steps) return { search: shown, ...steps };
  } catch (error) {
    // What it hands over may be nothing that can be sent, such as functions.
    return unknownRun(state, shown, `${name}: ${error instanceof Error ? error.message : error}`);
  }
  worker.terminate();
  running.delete(name);
  return unknownRun(state, shown, `${name} does not come back`);
}

/** Ends a module whose place another takes, with what it did. */
function forget(name: string): void {
  void running.get(name)?.then((started) => started.ok && started.value.worker.terminate());
  running.delete(name);
  runs.value = new Map([...runs.peek()].filter(([key]) => !key.startsWith(keyOf(name, ''))));
}

function keyOf(name: string, text: string): string {
  return `${name}\n${text}`;
}
