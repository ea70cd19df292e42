import { batch, computed, signal } from '@preact/signals';
import { createEndpoint, proxy, transfer, wrap } from 'comlink';
import { type Failure, fail } from '../../src/core/base/failure.ts';
import type { Host, Process } from '../../src/core/rules/memory-source.ts';
import MemoryWorkerScript from './memory.worker.ts?worker&inline';
import type { MapVma, MemoryWorker, Opening, ReadingProgress } from './memory-worker-protocol.ts';

/**
 * Memory that is open, as far as it has been read. A new object for each progress; the columns grow in place.
 */
export interface OpenMemory {
  /** A file, or where to fetch it. */
  readonly source: Blob | string;
  readonly name: string;
  readonly host: Host;
  readonly notes: Opening['notes'];
  readonly skipped: Opening['skipped'];
  readonly processes: readonly Process[];
  readonly vmas: readonly MapVma[];
  readonly mostRows: number;
  /** Files and shared memory of which it has the page cache. */
  readonly files: number;
  /** Rows that the columns hold. */
  readonly rows: number;
  readonly complete: boolean;
  readonly addresses: Float64Array;
  readonly vmaOf: Uint32Array;
  readonly residentPages: Uint16Array;
  readonly mainOrders: Uint8Array;
}

/** More helpers than these do not pay for their start. */
const MOST_HELPERS = 8;

export const memoryWorker = startWorker();
void memoryWorker.askHelpers(
  proxy(async () => {
    const cores = Math.min(navigator.hardwareConcurrency, MOST_HELPERS);
    const helpers = Array.from({ length: cores > 1 ? cores : 0 }, startWorker);
    const ports = await Promise.all(helpers.map((helper) => helper[createEndpoint]()));
    return transfer(ports, ports);
  }),
);

function startWorker() {
  const script = new MemoryWorkerScript();
  script.addEventListener('error', ({ message }) => {
    opening.value = undefined;
    failure.value = { kind: 'unsupported', message: `the worker that reads memory failed: ${message}` };
  });
  return wrap<MemoryWorker>(script);
}

/** The memory that all views look at. */
export const memory = signal<OpenMemory | undefined>(undefined);
/** Where it comes from, for other workers that read it, too. */
export const openSource = computed(() => memory.value?.source);
/** The name of what is being opened. */
export const opening = signal<string | undefined>(undefined);
export const failure = signal<Failure | undefined>(undefined);

let turn = 0;
/** Why memory could not be read, the last time that it could not. */
let readingFailure: Failure | undefined;

/**
 * Opens a snapshot in place of the memory before. A failure leaves what was open, or what was read of the new
 * one.
 */
export async function openMapMemory(source: Blob | string, name: string): Promise<void> {
  opening.value = name;
  failure.value = undefined;
  await readMemory(source, name, { newer: false });
}

/**
 * Puts a newer reading of the same source in the place of what is open, once it is read: nothing is seen of
 * it before.
 */
export async function refreshMemory(source: string, name: string): Promise<void> {
  await readMemory(source, name, { newer: true });
}

async function readMemory(source: Blob | string, name: string, { newer }: { newer: boolean }): Promise<void> {
  const mine = ++turn;
  const ifMine =
    <T>(then: (value: T) => void) =>
    async (value: T) => {
      if (mine === turn) then(value);
    };
  let next: OpenMemory | undefined;
  const result = await memoryWorker
    .open(
      source,
      name,
      newer,
      proxy(ifMine((from: Opening) => void (next = emptyMemory(source, name, from)))),
      proxy(
        ifMine((progress: ReadingProgress) => {
          if (next) next = withProgress(next, progress);
          if (!newer) memory.value = next;
        }),
      ),
    )
    // Files that changed on the disk since they were chosen, and memory that this browser has not got.
    .catch(({ message }: Error) => fail('unreadable', `${name} cannot be read: ${message}`));
  if (mine !== turn) return;
  batch(() => {
    if (result.ok && next) memory.value = { ...next, complete: true };
    if (!result.ok) failure.value = readingFailure = result.failure;
    // Others fail meanwhile, too: what they said is not taken back by a reading that went well.
    else if (failure.value === readingFailure) failure.value = undefined;
    opening.value = undefined;
  });
}

function emptyMemory(
  source: Blob | string,
  name: string,
  { host, notes, skipped, mostRows, files }: Opening,
): OpenMemory {
  return {
    source,
    name,
    host,
    notes,
    skipped,
    mostRows,
    files,
    processes: [],
    vmas: [],
    rows: 0,
    complete: false,
    addresses: new Float64Array(mostRows),
    vmaOf: new Uint32Array(mostRows),
    residentPages: new Uint16Array(mostRows),
    mainOrders: new Uint8Array(mostRows),
  };
}

function withProgress(memory: OpenMemory, progress: ReadingProgress): OpenMemory {
  const { first, addresses, vmaOf, residentPages, mainOrders, processes, firstVma, vmas } = progress;
  memory.addresses.set(addresses, first);
  memory.vmaOf.set(vmaOf, first);
  memory.residentPages.set(residentPages, first);
  memory.mainOrders.set(mainOrders, first);
  return {
    ...memory,
    processes: [...memory.processes, ...processes],
    vmas: [...memory.vmas.slice(0, firstVma), ...vmas],
    rows: first + addresses.length,
  };
}
