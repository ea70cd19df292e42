import { batch, computed, effect, signal } from '@preact/signals';
import { proxy, wrap } from 'comlink';
import { PAGE_CHANGES, type PageChange } from '../../src/analysis/difference/page-changes.ts';
import { fail } from '../../src/core/base/failure.ts';
import type { StandingOut } from '../map/picture/standing-out.ts';
import { failure, memory, type OpenMemory } from '../memory/open-memory.ts';
import { choice } from '../policy/judgement.ts';
import { recordedDoesNothing } from '../policy/opening-policy.ts';
import { linkedSource, noSuchSource } from '../start/sources.ts';
import { link, POLICY_PARAMS, setParams } from '../state/link.ts';
import { oneAtATime } from '../state/one-at-a-time.ts';
import { measured } from '../state/timing.ts';
import { CHANGE_LAYERS, type ChangeLayer } from './change-layers.ts';
import ChangesWorkerScript from './changes.worker.ts?worker&inline';
import {
  type ChangesWorker,
  type ComparedReadings,
  FORETOLD_KINDS,
  type ForetoldAnswer,
  type ForetoldKind,
} from './changes-worker-protocol.ts';

/** Memory to be read: where it is, its name, and what links call it, if they can. */
export interface MemoryReading {
  readonly source: Blob | string;
  readonly name: string;
  readonly id: string | undefined;
}

export const changesWorker = startWorker();

function startWorker() {
  const script = new ChangesWorkerScript();
  script.addEventListener('error', ({ message }) => {
    comparing.value = undefined;
    failure.value = { kind: 'unsupported', message: `the worker that compares memory failed: ${message}` };
  });
  return wrap<ChangesWorker>(script);
}

/** The earlier reading, where it is a file that no link names. */
export const earlierFile = signal<MemoryReading | undefined>(undefined);

/** The earlier reading: that of the link, or else the file. The later one is the memory that is open. */
export const earlier = computed<MemoryReading | undefined>(() => {
  const { before } = link.value.view === 'changes' ? link.value.params : {};
  if (before === undefined) return earlierFile.value;
  const linked = linkedSource(before);
  return linked && { ...linked, id: before };
});

/** What both readings come to, and of what. */
export const comparedReadings = signal<ComparedReadings | undefined>(undefined);
/** The share of it that is done; undefined while nothing is compared. */
export const comparing = signal<number | undefined>(undefined);
/** What the policy said of the earlier reading; of a moment ago while a new answer is awaited. */
export const foretold = signal<ForetoldAnswer | undefined>(undefined);

/** The rows of the comparison as memory that a map can be of. */
export const comparedMemory = computed<OpenMemory | undefined>(() => {
  const both = comparedReadings.value;
  const open = memory.value;
  if (!both || !open || both.rows.addresses.length === 0) return undefined;
  const { processes, vmas, addresses, vmaOf, residentAfter, mainAfter } = both.rows;
  return {
    source: open.source,
    name: open.name,
    host: both.after,
    notes: [],
    skipped: [],
    processes,
    vmas,
    rows: addresses.length,
    mostRows: addresses.length,
    files: 0,
    complete: true,
    addresses,
    vmaOf,
    residentPages: residentAfter,
    mainOrders: mainAfter,
  };
});

export const changeLayer = computed<ChangeLayer>(
  () => CHANGE_LAYERS.find((each) => each === link.value.params.layer) ?? 'changes',
);

/** What stands out alone, by the link (`only=freed`): a change of pages, or what became of predictions. */
export const only = computed<PageChange | ForetoldKind | undefined>(() =>
  [...PAGE_CHANGES, ...FORETOLD_KINDS].find((each) => each === link.value.params.only),
);

export const changesStandingOut = computed<StandingOut | undefined>(() => {
  const both = comparedReadings.value;
  const kind = only.value;
  if (!both || kind === undefined) return undefined;
  const asForetold = FORETOLD_KINDS.indexOf(kind as ForetoldKind);
  const empty = new Uint8Array(both.rows.addresses.length);
  if (asForetold > 0) return { refusals: foretold.value?.kinds ?? empty, code: asForetold };
  const at = PAGE_CHANGES.indexOf(kind as PageChange);
  const refusals = empty.map((_, row) => Number(both.rows.pages[row * PAGE_CHANGES.length + at] > 0));
  return { refusals, code: 1 };
});

/** Compares whenever one of the readings changes, and asks again whenever the policy does. */
export function followChanges(): () => void {
  takeRecordedPolicy();
  const stops = [effect(followReadings), effect(followPolicy)];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The map may have opened with the kernel default of itself: here what was in force is asked about first. */
function takeRecordedPolicy(): void {
  if (!recordedDoesNothing.peek()) return;
  recordedDoesNothing.value = undefined;
  setParams(Object.fromEntries(POLICY_PARAMS.map((name) => [name, undefined])));
}

/** What is compared, or being compared. */
let asked: readonly unknown[] = [];

function followReadings(): void {
  // On the way to another view what is compared stays.
  if (link.value.view !== 'changes') return;
  const before = earlier.value;
  const open = memory.value;
  const { before: named } = link.value.params;
  if (named !== undefined && !before) noSuchSource(named);
  if (!before || !open?.complete) {
    if (!before) forget();
    return;
  }
  const key = [before.source, open.source, open.host.time];
  if (key.every((each, i) => each === asked[i])) return;
  asked = key;
  void compare(before, open);
}

function forget(): void {
  asked = [];
  batch(() => {
    comparedReadings.value = foretold.value = comparing.value = undefined;
  });
}

async function compare(before: MemoryReading, after: OpenMemory): Promise<void> {
  const start = performance.now();
  const mine = asked;
  batch(() => {
    comparing.value = 0;
    // A newer reading of the same is put in the place of the one before once it is compared.
    if (comparedReadings.peek()?.after.name !== after.host.name)
      comparedReadings.value = foretold.value = undefined;
  });
  const answer = await changesWorker
    .compare(
      { source: before.source, name: before.name },
      { source: after.source, name: after.name },
      proxy((share: number) => {
        if (mine === asked) comparing.value = share;
      }),
    )
    .catch(({ message }: Error) => fail('unreadable', `${before.name} cannot be read: ${message}`));
  if (mine !== asked || !answer) return;
  batch(() => {
    comparing.value = undefined;
    comparedReadings.value = answer.ok ? answer.value : undefined;
    foretold.value = undefined;
    if (!answer.ok) failure.value = answer.failure;
  });
  measured('thpscope comparison', start);
}

const ask = oneAtATime(async () => {
  const start = performance.now();
  const answer = await changesWorker.foretell(choice.peek());
  if (!answer) return;
  foretold.value = answer;
  measured('thpscope foretold', start);
});

function followPolicy(): void {
  void choice.value;
  if (comparedReadings.value) void ask();
}
